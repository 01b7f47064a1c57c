import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startScraping } from './scraping.ts';
import { type Shop, startShop } from './shop.ts';
import { type TemporaryFolder, temporaryFolder } from './sla.ts';

/** Limits that every machine meets: tests of the shop are about how scripts and packages run, not about speed. */
export const SHOP_DOCUMENT = `
apiVersion: sla-harness/v1
kind: SLA
name: shop
service:
  selector: { job: shop }
  requests: { counter: http_requests_total }
  buckets:
    http_request_duration_seconds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
objectives:
  - id: errors
    ratio:
      bad: { counter: http_requests_total, where: { status: { matches: "5.." } }, absent: zero }
      total: { counter: http_requests_total }
    target: "< 5%"
  - id: latency
    latency:
      histogram: http_request_duration_seconds
      where: { status: { matches: "2.." } }
      percentile: 95
    target: "< 2.5s"
`;

/** A k6 script that needs nothing from this project: 200 requests in 5 s. */
export const SHOP_SCRIPT = `
import { check } from 'k6';
import http from 'k6/http';
export const options = {
  scenarios: { all: { executor: 'constant-arrival-rate', rate: 40, duration: '5s', preAllocatedVUs: 10 } },
};
export default function () {
  check(http.get(\`\${__ENV.SLA_TARGET}/products\`), { 'has products': (r) => r.json('products').length > 0 });
}
`;

export interface ShopStage extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly shop: Shop;
  readonly prometheusUrl: string;
  /** The options of a gate that name the document, the shop and its Prometheus. */
  readonly options: readonly string[];
}

/**
 * A shop, its Prometheus, and its document in a folder. Gates that run at the same time need a shop each, because all requests
 * to a shop are counted.
 */
export async function openShopStage(): Promise<ShopStage> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const shop = opened.use(await startShop());
  const { url: prometheusUrl } = opened.use(await startScraping(shop.url, 'shop', folder.path));
  const document = join(folder.path, 'shop.yaml');
  await writeFile(document, SHOP_DOCUMENT);
  const owned = opened.move();
  return {
    ...{ folder, shop, prometheusUrl },
    options: ['--sla', document, '--target', shop.url, '--prometheus', prometheusUrl],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
