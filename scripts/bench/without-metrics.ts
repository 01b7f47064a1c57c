/** The service with metrics that count nothing. The difference between the two is the cost of counting. */
import { Counter, Gauge, Histogram } from 'prom-client';
import { Count, Distribution } from '../../service/counting.ts';

// When prom-client creates a counter or a histogram, it copies `inc` and `observe` from the longer methods listed
// here.
const methods = ['inc', 'incWithoutExemplar', 'dec', 'set', 'observeWithoutExemplar'];

const nothing = () => {};
for (const kind of [Counter, Gauge, Histogram]) {
  for (const method of methods) {
    if (method in kind.prototype) Object.assign(kind.prototype, { [method]: nothing });
  }
}
for (const method of ['inc', 'dec'] as const) Count.prototype[method] = nothing;
Distribution.prototype.observe = nothing;
await import('../../service/server.ts');
