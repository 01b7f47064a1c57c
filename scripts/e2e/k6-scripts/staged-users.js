// A closed model: the number of virtual users rises and falls in stages.
import { check, sleep } from 'k6';
import http from 'k6/http';

export const options = {
  stages: [
    { duration: '1s', target: 4 },
    { duration: '2s', target: 4 },
    { duration: '1s', target: 0 },
  ],
  gracefulRampDown: '2s',
};

export default function shop() {
  check(http.get(`${__ENV.BASE_URL}/products`), { 'status is 200': (r) => r.status === 200 });
  sleep(0.1);
}
