#include <math.h>
#include <stdint.h>

enum { BODIES = 5 };

static volatile int64_t steps = 22000;

struct body {
    double x, y, z, vx, vy, vz, mass;
};

static void advance(struct body *bodies, double dt)
{
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            struct body *a = &bodies[i], *b = &bodies[j];
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            double pull = dt * pow(dx * dx + dy * dy + dz * dz + 0.1, -1.5);
            double to_b = a->mass * pull, to_a = b->mass * pull;
            a->vx -= dx * to_a;
            a->vy -= dy * to_a;
            a->vz -= dz * to_a;
            b->vx += dx * to_b;
            b->vy += dy * to_b;
            b->vz += dz * to_b;
        }
    for (int i = 0; i < BODIES; i++) {
        struct body *body = &bodies[i];
        body->x += dt * body->vx;
        body->y += dt * body->vy;
        body->z += dt * body->vz;
    }
}

double run(void)
{
    struct body bodies[BODIES];
    for (int i = 0; i < BODIES; i++)
        bodies[i] = (struct body){ i, i * i / 4.0, -i / 2.0, 0.0, 0.0, i / 8.0, 1.0 / (i + 1) };
    for (int64_t n = steps; n > 0; n--)
        advance(bodies, 0.001);
    double sum = 0.0;
    for (int i = 0; i < BODIES; i++)
        sum += bodies[i].x + 2 * bodies[i].y + 3 * bodies[i].z;
    return round(sum * 1e6) / 1e6;
}
