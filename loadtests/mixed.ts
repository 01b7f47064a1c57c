import { arrivalNumber, eachArrival, load, options as planned, requestNumber, think } from './lib/load.ts';
import { random, shuffled } from './lib/random.ts';
import { expectAnswer, get, predict, predictBatch } from './lib/request.ts';
import { nextText, nextTexts } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** Of 20 requests, 14 are single texts, 3 small batches, 2 health checks and 1 a page of the documentation. */
const kinds = shuffled('pppppppppppppp bbb hh d'.replaceAll(' ', '').split(''), load.seed);

/** A visit: several requests with pauses between them. Every third visitor then closes the connection. */
export default eachArrival(() => {
  const visit = arrivalNumber();
  const thoughts = random(load.seed + visit);
  const requests = load.requestsPerArrival ?? 1;
  for (let request = 0; request < requests; request++) {
    if (request > 0) think(thoughts());
    const leaves = request === requests - 1 && visit % 3 === 0;
    one(kinds[requestNumber() % kinds.length]!, leaves ? { Connection: 'close' } : {});
  }
});

const has = (field: string, value: unknown) => (body: unknown) =>
  (body as Record<string, unknown> | null)?.[field] === value;

function one(kind: string, headers: Readonly<Record<string, string>>): void {
  if (kind === 'p') predict(nextText(), headers);
  else if (kind === 'b') predictBatch(nextTexts(2 + (requestNumber() % 7)), headers);
  else if (kind === 'h') expectAnswer(get('/health/ready', headers), has('ready', true));
  else expectAnswer(get('/docs/json', headers), has('openapi', '3.1.0'));
}
