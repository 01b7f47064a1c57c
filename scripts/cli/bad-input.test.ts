import { expect, test } from 'vitest';
import { REFUSALS } from '../../loadtests/lib/refusals.ts';
import { ServiceProcess } from '../../service/testing/service.ts';
import type { Load } from '../../slas/model/model.ts';
import { loadOn } from '../testing/load-on.ts';

/**
 * Sends 40 visits with two valid and two invalid requests each, so that every kind of refusal occurs more than four times.
 */
const LOAD: Load = {
  scenario: 'bad-input',
  script: 'loadtests/bad-input.ts',
  phases: [{ name: 'hold', ratePerSecond: 40, durationSeconds: 4 }],
  seed: 1,
  requestsPerArrival: 4,
  requestTimeoutSeconds: 10,
  budgets: [],
  warmUp: null,
  plannedRequests: 160,
  scheduledSeconds: 4,
};

test("the real service refuses the scenario's invalid requests as documented, and accepts the rest", {
  timeout: 90_000,
}, async () => {
  await using service = new ServiceProcess({});
  const { address } = await service.logged('listening');
  await service.logged('ready');
  const { load } = await loadOn(address as string, LOAD, { isOurs: false });
  expect(80 / (REFUSALS.length + 1)).toBeGreaterThan(4);
  expect(load).toMatchObject({
    sent: 160,
    lost: 0,
    answered: { '2xx': 80, '4xx': 80, '5xx': 0 },
    wrongAnswers: 0,
    lookedInto: 80,
    expectedRefusals: 80,
  });
});
