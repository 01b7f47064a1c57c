// Groups and tags, with a threshold for each page.
import { check, group } from 'k6';
import http from 'k6/http';

const base = __ENV.BASE_URL;

export const options = {
  scenarios: {
    visits: {
      executor: 'constant-arrival-rate',
      rate: 10,
      timeUnit: '1s',
      duration: '4s',
      preAllocatedVUs: 10,
    },
  },
  thresholds: {
    'http_req_duration{page:home}': ['p(95)<2000'],
    'http_req_duration{page:list}': ['p(95)<2000'],
    'checks{page:list}': ['rate>0.99'],
  },
};

export default function visit() {
  group('home, first visit', () => {
    http.get(`${base}/`, { tags: { page: 'home' } });
  });
  group('list', () => {
    const response = http.get(`${base}/products`, { tags: { page: 'list' } });
    check(response, { 'there are "products"': (r) => r.json('products').length > 0 }, { page: 'list' });
  });
}
