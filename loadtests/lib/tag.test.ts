import { expect, test } from 'vitest';
import { asTag } from './tag.ts';

test.each([
  ['/predict', '/predict'],
  ['/near?at=52.5,13.4&within=5', '/near?at=52.5%2C13.4%26within=5'],
  ['/say/"hi there"', '/say/%22hi%20there%22'],
  ['/predict/%C3%28', '/predict/%25C3%2528'],
  ['/straße/😀', '/stra%C3%9Fe/%F0%9F%98%80'],
])('%s is recorded as %s', (path, tag) => {
  expect(asTag(path)).toBe(tag);
  expect(decodeURIComponent(tag)).toBe(path);
});
