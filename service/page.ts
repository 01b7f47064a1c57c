import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Ledger } from './ledger.ts';
import { pageHandler } from './metric-names.ts';

const page = readFileSync(join(import.meta.dirname, 'page', 'index.html'), 'utf8');

/** Only the page's own script and style may run, identified by their hashes: markup injected by mistake has no effect. */
const policy = [
  "default-src 'none'",
  `script-src ${hashesOf('script')}`,
  `style-src ${hashesOf('style')}`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function hashesOf(tag: 'script' | 'style'): string {
  const blocks = [...page.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))];
  return blocks
    .map(([, text]) => `'sha256-${createHash('sha256').update(text!).digest('base64')}'`)
    .join(' ');
}

/** `GET /`: a page for trying the model, with its metrics. It loads nothing from other hosts. */
export function pageRoute(app: FastifyInstance, ledger: Ledger): void {
  app.get(pageHandler, { schema: { hide: true } }, async (_request, reply) => {
    ledger.used('page');
    void reply.type('text/html; charset=utf-8').header('content-security-policy', policy);
    return page;
  });
}
