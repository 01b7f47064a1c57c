import { printable } from '../../slas/render/printable.ts';

/** Markup that is safe to write: every text in it has been escaped. */
export interface Html {
  readonly markup: string;
}

export type Part = Html | string | number | null | false | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeText = (text: string) => printable(text).replace(/[&<>"']/g, (found) => ENTITIES[found]!);

/** Markup of our own, which is not escaped. */
export const raw = (markup: string): Html => ({ markup });

export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return raw(literals.map((literal, index) => literal + written(parts[index] ?? null)).join(''));
}

function written(part: Part): string {
  if (part === null || part === false) return '';
  if (Array.isArray(part)) return part.map(written).join('');
  return typeof part === 'object' ? (part as Html).markup : escapeText(String(part));
}

/** Data for our own script. No text in it can close the script element. */
export const jsonScript = (id: string, data: unknown): Html =>
  raw(
    `<script type="application/json" id="${escapeText(id)}">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>`,
  );
