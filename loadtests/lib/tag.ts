/**
 * k6 writes tags as `name=value&name=value` between commas, with nothing escaped: what would break that is written as in a URL.
 * Who reads them decodes them.
 */
export const asTag = (path: string): string =>
  path.replace(/[^\x21-\x7e]|[%,&"]/gu, (character) => encodeURIComponent(character));
