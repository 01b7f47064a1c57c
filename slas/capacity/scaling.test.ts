import { describe, expect, test } from 'vitest';
import { type MeasuredReplicas, replicasByScaling } from './scaling.ts';

/** How many replicas a target rate needs, if several numbers of replicas were measured. */

const of = (
  replicas: number,
  provenPerSecond: number,
  refutedPerSecond: number | null,
): MeasuredReplicas => ({
  ...{ replicas, provenPerSecond, refutedPerSecond },
});
const LINEAR = [of(1, 100, 105), of(2, 200, 210)];
const needed = (targetPerSecond: number, measured = LINEAR, headroom = 0) =>
  replicasByScaling({ targetPerSecond, headroom, measured });

describe('a target rate within the measured replicas', () => {
  test('needs the fewest replicas that were proven to carry it, and one more', () => {
    expect(needed(90)).toEqual({ ok: true, replicas: 2, low: 2 });
    expect(needed(100)).toEqual({ ok: true, replicas: 2, low: 2 });
    expect(needed(103)).toEqual({ ok: true, replicas: 3, low: 2 });
    expect(needed(140, LINEAR, 0.3)).toEqual({ ok: true, replicas: 3, low: 3 });
  });

  test('counts the loss from sharing, which a multiple of one replica would not show', () => {
    const sharing = [of(1, 100, 105), of(2, 150, 158), of(4, 200, 210)];
    // Nothing shows that 3 replicas carry less than the 210/s that 4 missed.
    expect(needed(200, sharing)).toEqual({ ok: true, replicas: 5, low: 4 });
    // Between 2 and 4 replicas the rate grows by 25/s each.
    expect(needed(170, sharing)).toEqual({ ok: true, replicas: 4, low: 4 });
  });

  test('fewer replicas than were measured carry at least their share', () => {
    expect(needed(90, [of(4, 400, 420)])).toEqual({ ok: true, replicas: 2, low: 2 });
  });
});

describe('a target rate beyond the measured replicas', () => {
  test('needs more, of which each adds what the last one certainly added', () => {
    expect(needed(250)).toEqual({ ok: true, replicas: 4, low: 4, addedPerSecond: 95 });
    expect(needed(296)).toEqual({ ok: true, replicas: 5, low: 4, addedPerSecond: 95 });
  });

  test('is not answered for more than twice the measured replicas', () => {
    expect(needed(391)).toEqual({ ok: false, because: 'too-many', measuredReplicas: 2 });
  });

  test('is not answered if a further replica may add nothing', () => {
    const flat = [of(1, 100, 105), of(2, 104, 110)];
    expect(needed(120, flat)).toEqual({ ok: false, because: 'no-gain', measuredReplicas: 2 });
    const open = [of(1, 100, null), of(2, 200, 210)];
    expect(needed(220, open)).toMatchObject({ ok: false, because: 'no-gain' });
    expect(needed(150, open)).toEqual({ ok: true, replicas: 3, low: null });
  });

  test('more replicas that carry less are not needed', () => {
    const worse = [of(1, 100, 105), of(2, 80, 85)];
    expect(needed(100, worse)).toEqual({ ok: true, replicas: 2, low: 2 });
    expect(needed(120, worse)).toMatchObject({ ok: false, because: 'no-gain' });
  });
});
