// A threshold for each endpoint, and a threshold on a custom metric.
import http from 'k6/http';
import { Counter, Rate, Trend } from 'k6/metrics';

const size = new Trend('page_bytes');
const empty = new Rate('empty_pages');
const pages = new Counter('pages');

export const options = {
  scenarios: {
    browse: {
      executor: 'constant-arrival-rate',
      rate: 20,
      timeUnit: '1s',
      duration: '4s',
      preAllocatedVUs: 10,
    },
  },
  thresholds: {
    http_req_failed: ['rate<0.01'],
    'http_req_duration{name:products}': ['p(95)<2000'],
    page_bytes: ['min>0'],
    empty_pages: ['rate<0.01'],
    pages: ['count>10'],
  },
};

export default function browse() {
  const response = http.get(`${__ENV.BASE_URL}/products`, { tags: { name: 'products' } });
  size.add(response.body.length);
  empty.add(response.json('products').length === 0);
  pages.add(1);
}
