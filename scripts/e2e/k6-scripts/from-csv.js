// Data from a file next to the script, parsed once for all virtual users.
import { check } from 'k6';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import http from 'k6/http';

const products = new SharedArray('products', () =>
  open('./products.csv')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [id, price] = line.split(',');
      return { id, price: Number(price) };
    }),
);

export const options = {
  scenarios: { each: { executor: 'shared-iterations', vus: 4, iterations: 60, maxDuration: '20s' } },
};

export default function look() {
  const { id, price } = products[exec.scenario.iterationInTest % products.length];
  const response = http.get(http.url`${__ENV.BASE_URL}/products/${id}`);
  check(response, { 'the price is right': (r) => r.json('price') === price });
}
