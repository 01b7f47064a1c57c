/**
 * Does what Argo Rollouts and Flagger do with their objects, according to their documentation of Argo's web metrics
 * and Flagger's webhooks. This is enough to evaluate the shipped templates against a real verifier.
 */

// ---------------------------------------------------------------------------------------------- Argo Rollouts

export interface ArgoMetric {
  /** The delay between the start of the analysis and the first measurement. */
  readonly initialDelay?: string;
  readonly count?: number;
  readonly failureLimit?: number;
  readonly inconclusiveLimit?: number;
  readonly consecutiveErrorLimit?: number;
  readonly successCondition?: string;
  readonly failureCondition?: string;
  readonly provider: {
    readonly web: {
      readonly url: string;
      readonly method?: string;
      readonly timeoutSeconds?: number;
      readonly headers?: readonly { readonly key: string; readonly value: string }[];
      readonly jsonPath: string;
    };
  };
}

export type ArgoPhase = 'Successful' | 'Failed' | 'Inconclusive' | 'Error';

/** `{{args.window}}` and `{{ args.window }}` in every text of a template. */
export function withArguments<T>(template: T, values: Readonly<Record<string, string>>): T {
  const text = JSON.stringify(template).replace(/\{\{\s*args\.([\w-]+)\s*\}\}/g, (whole, name: string) => {
    if (values[name] === undefined) throw new Error(`the template has no argument for ${whole}`);
    return JSON.stringify(values[name]).slice(1, -1);
  });
  return JSON.parse(text) as T;
}

/**
 * One measurement. Anything other than a 2xx with the value is an error. So is a response that does not arrive in time (10 s by
 * default).
 */
export async function measureOnce({ provider: { web }, ...metric }: ArgoMetric): Promise<ArgoPhase> {
  try {
    const response = await fetch(web.url, {
      method: web.method ?? 'GET',
      headers: (web.headers ?? []).map(({ key, value }): [string, string] => [key, value]),
      signal: AbortSignal.timeout((web.timeoutSeconds || 10) * 1000),
    });
    if (!response.ok) return 'Error';
    return phaseOf(valueAt(await response.json(), web.jsonPath), metric);
  } catch {
    return 'Error';
  }
}

/** `{$.verdict}`. Throws if the path finds nothing, as client-go's does. */
function valueAt(data: unknown, path: string): unknown {
  const names = /^\{\$\.([\w.]+)\}$/.exec(path)?.[1]?.split('.');
  if (names === undefined) throw new Error(`this driver cannot read the path ${path}`);
  return names.reduce((value, name) => {
    if (typeof value !== 'object' || value === null || !(name in value)) throw new Error(`no ${name}`);
    return (value as Record<string, unknown>)[name];
  }, data);
}

/** The shipped templates only compare the result with a text, so no other expression is implemented. */
function isTrue(condition: string, result: unknown): boolean {
  const [, text] = /^result == "(\w+)"$/.exec(condition) ?? [];
  if (text === undefined) throw new Error(`this driver cannot evaluate ${condition}`);
  return result === text;
}

type Conditions = Pick<ArgoMetric, 'successCondition' | 'failureCondition'>;

/**
 * If only one condition is given, the other is its opposite. A met failure condition wins. If neither condition is met, the
 * measurement is inconclusive.
 */
function phaseOf(result: unknown, { successCondition, failureCondition }: Conditions): ArgoPhase {
  const success = successCondition === undefined ? null : isTrue(successCondition, result);
  const failure = failureCondition === undefined ? null : isTrue(failureCondition, result);
  if (success === null && failure === null) return 'Successful';
  if (failure ?? !success) return 'Failed';
  return (success ?? !failure) ? 'Successful' : 'Inconclusive';
}

const DEFAULT_ERROR_LIMIT = 4;

/** An analysis run of one metric: how it ends, and the number of measurements. The 10 s between errors are skipped. */
export async function analyse(metric: ArgoMetric): Promise<{ phase: ArgoPhase; measurements: number }> {
  const counts = { Successful: 0, Failed: 0, Inconclusive: 0, Error: 0 };
  let errorsInARow = 0;
  for (let measurements = 1; ; measurements++) {
    const phase = await measureOnce(metric);
    counts[phase]++;
    errorsInARow = phase === 'Error' ? errorsInARow + 1 : 0;
    const ended =
      (counts.Failed > (metric.failureLimit ?? 0) && 'Failed') ||
      (counts.Inconclusive > (metric.inconclusiveLimit ?? 0) && 'Inconclusive') ||
      (errorsInARow > (metric.consecutiveErrorLimit ?? DEFAULT_ERROR_LIMIT) && 'Error') ||
      (counts.Successful + counts.Failed + counts.Inconclusive >= (metric.count ?? 1) && 'Successful');
    if (ended) return { phase: ended, measurements };
  }
}

// ---------------------------------------------------------------------------------------------- Flagger

export interface FlaggerWebhook {
  readonly name: string;
  readonly type: string;
  readonly url: string;
  readonly timeout?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Posts the payload. A status above 202, or no response in time, is a failure. Go's client sends the user and password of a
 * URL.
 */
export async function callWebhook({ url, timeout = '10s', metadata }: FlaggerWebhook): Promise<boolean> {
  const address = new URL(url);
  const credentials = Buffer.from(`${address.username}:${decodeURIComponent(address.password)}`);
  address.username = '';
  address.password = '';
  const [, amount, unit] = /^(\d+)(m|s)/.exec(timeout)!;
  const payload = {
    name: 'sentiment-api',
    namespace: 'sentiment-analysis',
    phase: 'Progressing',
    checksum: '85d557f47b',
    metadata,
  };
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${credentials.toString('base64')}`,
      },
      body: JSON.stringify(payload),
      signal: AbortSignal.timeout(Number(amount) * (unit === 'm' ? 60_000 : 1_000)),
    });
    await response.text();
    return response.status <= 202;
  } catch {
    return false;
  }
}

export type FlaggerStep = 'promoted' | 'held' | 'rolled back';

/** What a canary does next at its full weight: rollback hooks run first, then every confirm-promotion hook must succeed. */
export async function nextStep(webhooks: readonly FlaggerWebhook[]): Promise<FlaggerStep> {
  for (const hook of webhooks.filter(({ type }) => type === 'rollback'))
    if (await callWebhook(hook)) return 'rolled back';
  for (const hook of webhooks.filter(({ type }) => type === 'confirm-promotion'))
    if (!(await callWebhook(hook))) return 'held';
  return 'promoted';
}
