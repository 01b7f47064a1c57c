import { SECRETS } from '../../kubernetes/secret-names.ts';
import type { Finding } from '../finding.ts';
import type { Pod } from '../objects.ts';
import { secretsOf, type Throttling } from '../state.ts';

export const checkSecrets = (missing: readonly string[], pods: readonly Pod[]): readonly Finding[] =>
  missing.map((name) => {
    const users = pods.filter((pod) => secretsOf(pod).includes(name)).map(({ metadata }) => metadata.name);
    return {
      code: 'secret-missing',
      object: `secret ${name}`,
      what: `it does not exist, and ${users.join(', ')} cannot start without it`,
      nextStep: Object.hasOwn(SECRETS, name) ? 'create it: ./sla kubernetes secrets' : 'create it',
    };
  });

/** A smaller share of throttled periods hardly affects latency. With fewer periods, the share may be due to chance. */
const THROTTLED_SHARE = 0.1;
const MIN_PERIODS = 100;

export const checkThrottling = (containers: readonly Throttling[]): readonly Finding[] =>
  containers
    .filter(({ periods, throttled }) => periods >= MIN_PERIODS && throttled / periods >= THROTTLED_SHARE)
    .map(({ pod, container, periods, throttled }) => ({
      code: 'cpu-throttled',
      object: `pod ${pod}, container ${container}`,
      what: `its CPU limit paused it in ${Math.round((100 * throttled) / periods)}% of ${periods} periods since it started`,
      nextStep: 'raise or remove resources.limits.cpu, or add replicas',
    }));
