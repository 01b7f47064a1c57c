/** The service with metrics that count nothing: the difference is what counting costs. */
import { Counter, Gauge, Histogram } from 'prom-client';

// Counters and histograms take `inc` and `observe` from the longer names when they are made.
const methods = ['inc', 'incWithoutExemplar', 'dec', 'set', 'observeWithoutExemplar'];

const nothing = () => {};
for (const kind of [Counter, Gauge, Histogram]) {
  for (const method of methods) {
    if (method in kind.prototype) Object.assign(kind.prototype, { [method]: nothing });
  }
}
await import('../../service/server.ts');
