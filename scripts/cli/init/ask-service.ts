import type { RawResponse } from '../../../slas/prometheus/transport.ts';
import { type Exposed, parseExposition } from '../../../slas/recognise/exposition.ts';
import type { Io } from '../io.ts';
import { type Answers, growthOf, responseAt, slug } from './sources.ts';

/** Requests the metrics of a service. */

const TIMES = 3;

export async function askService(url: string, io: Io): Promise<Answers> {
  const token = io.env.SLA_TARGET_TOKEN;
  const headers = {
    accept: 'text/plain;version=0.0.4',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };
  const responses: RawResponse[] = [];
  // The requests are sequential, because the service may count each one and show it in the next response.
  for (let time = 0; time < TIMES; time++)
    responses.push(await responseAt(new URL(url), { headers }, 'the service', io));
  const parsed = responses.map(({ text }) => parseExposition(text));
  const [first, last] = [parsed[0]!, parsed.at(-1)!];
  return {
    exposed: last,
    name: nameOf(last) ?? 'my-service',
    selector: null,
    scrapeSeconds: null,
    replicas: null,
    hasToken: Boolean(token),
    hasContentType: new Map(responses[0]!.headers).has('content-type'),
    growth: growthOf(first.samples, last.samples),
    asks: TIMES - 1,
  };
}

/** The label `service.name` of OpenTelemetry; its default value is ignored. */
function nameOf({ samples }: Exposed): string | null {
  const name = samples.find((one) => one.name === 'target_info')?.labels.service_name;
  return name === undefined || name.startsWith('unknown_service') ? null : slug(name);
}
