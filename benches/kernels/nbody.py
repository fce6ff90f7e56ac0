"""Floats in instance attributes: point masses under gravity, softened so none collide."""

BODIES = 5
STEPS = 22_000


class Body:
    def __init__(self, index):
        self.x = float(index)
        self.y = index * index / 4.0
        self.z = -index / 2.0
        self.vx = self.vy = 0.0
        self.vz = index / 8.0
        self.mass = 1.0 / (index + 1)


def advance(pairs, bodies, dt, steps):
    for _ in range(steps):
        for a, b in pairs:
            dx = a.x - b.x
            dy = a.y - b.y
            dz = a.z - b.z
            pull = dt * (dx * dx + dy * dy + dz * dz + 0.1) ** -1.5
            to_b = a.mass * pull
            to_a = b.mass * pull
            a.vx -= dx * to_a
            a.vy -= dy * to_a
            a.vz -= dz * to_a
            b.vx += dx * to_b
            b.vy += dy * to_b
            b.vz += dz * to_b
        for body in bodies:
            body.x += dt * body.vx
            body.y += dt * body.vy
            body.z += dt * body.vz


def run():
    bodies = [Body(i) for i in range(BODIES)]
    pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[i + 1 :]]
    advance(pairs, bodies, 0.001, STEPS)
    return round(sum(b.x + 2 * b.y + 3 * b.z for b in bodies), 6)


EXPECTED = 16.526236
