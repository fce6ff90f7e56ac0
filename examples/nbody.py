"""Planets of the outer solar system, advanced by a symplectic integrator.

    nbody.py [STEPS]

Prints the system's energy before and after, which must stay nearly the same.
"""

import math
import sys

SOLAR_MASS = 4 * math.pi**2
DAYS_PER_YEAR = 365.24


class Body:
    def __init__(self, name, position, velocity, mass):
        self.name = name
        self.x, self.y, self.z = position
        self.vx, self.vy, self.vz = (v * DAYS_PER_YEAR for v in velocity)
        self.mass = mass * SOLAR_MASS


def solar_system():
    return [
        Body("sun", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 1.0),
        Body(
            "jupiter",
            (4.84143144246472090, -1.16032004402742839, -0.103622044471123109),
            (0.00166007664274403694, 0.00769901118419740425, -0.0000690460016972063023),
            0.000954791938424326609,
        ),
        Body(
            "saturn",
            (8.34336671824457987, 4.12479856412430479, -0.403523417114321381),
            (-0.00276742510726411051, 0.00499852801234917238, 0.0000230417297573763929),
            0.000285885980666130812,
        ),
        Body(
            "uranus",
            (12.8943695621391310, -15.1111514016986312, -0.223307578892655734),
            (0.00296460137564761618, 0.00237847173959480950, -0.0000296589568540237556),
            0.0000436624404335156298,
        ),
        Body(
            "neptune",
            (15.3796971148509165, -25.9193146099879641, 0.179258772950371181),
            (0.00268067772490389322, 0.00162824170038242295, -0.0000951592254519715870),
            0.0000515138902046611451,
        ),
    ]


def rest_momentum(bodies):
    """Give the sun the velocity at which the whole system stands still."""
    sun = bodies[0]
    sun.vx = -sum(b.vx * b.mass for b in bodies[1:]) / sun.mass
    sun.vy = -sum(b.vy * b.mass for b in bodies[1:]) / sun.mass
    sun.vz = -sum(b.vz * b.mass for b in bodies[1:]) / sun.mass


def energy(bodies):
    total = 0.0
    for i, a in enumerate(bodies):
        total += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
        for b in bodies[i + 1 :]:
            total -= a.mass * b.mass / math.dist((a.x, a.y, a.z), (b.x, b.y, b.z))
    return total


def advance(bodies, pairs, dt, steps):
    for _ in range(steps):
        for a, b in pairs:
            dx = a.x - b.x
            dy = a.y - b.y
            dz = a.z - b.z
            distance = math.sqrt(dx * dx + dy * dy + dz * dz)
            pull = dt / (distance * distance * distance)
            from_a = a.mass * pull
            from_b = b.mass * pull
            a.vx -= dx * from_b
            a.vy -= dy * from_b
            a.vz -= dz * from_b
            b.vx += dx * from_a
            b.vy += dy * from_a
            b.vz += dz * from_a
        for body in bodies:
            body.x += dt * body.vx
            body.y += dt * body.vy
            body.z += dt * body.vz


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 400_000
    bodies = solar_system()
    rest_momentum(bodies)
    pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[i + 1 :]]
    before = energy(bodies)
    advance(bodies, pairs, 0.01, steps)
    after = energy(bodies)
    print(f"energy before {before:.9f}")
    print(f"energy after  {after:.9f}")
    drift = abs((after - before) / before)
    if drift > 1e-3:
        sys.exit(f"energy drifted by {drift:.2e}")


if __name__ == "__main__":
    main()
