/**
 * k6 writes tags as `name=value&name=value` between commas, without escaping. Characters that would break
 * this are URL-encoded; readers decode them.
 */
export const asTag = (path: string): string =>
  path.replace(/[^\x21-\x7e]|[%,&"]/gu, (character) => encodeURIComponent(character));
