// Several requests at once, as a browser makes them.
import { check } from 'k6';
import http from 'k6/http';

export const options = {
  scenarios: {
    pages: {
      executor: 'constant-arrival-rate',
      rate: 8,
      timeUnit: '1s',
      duration: '4s',
      preAllocatedVUs: 10,
    },
  },
};

export default function page() {
  const base = __ENV.BASE_URL;
  const responses = http.batch([
    ['GET', `${base}/`],
    ['GET', `${base}/products`],
    ['GET', `${base}/products/2`],
  ]);
  for (const response of responses) check(response, { 'status is 200': (r) => r.status === 200 });
}
