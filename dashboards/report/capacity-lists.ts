import { unbroken } from './format.ts';
import { type Html, html } from './html.ts';

/** Lists of sentences in a capacity report. */

const capitalised = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const items = (texts: readonly string[]) =>
  texts.map((text) => html`<li>${unbroken(capitalised(text))}</li>`);
export const listed = (texts: readonly string[]): Html =>
  html`<ul>${items(texts.map((one) => one.replace(/\.$/, '')))}</ul>`;
export const ordered = (texts: readonly string[], none: string): Html =>
  texts.length === 0 ? html`<p>${capitalised(none)}</p>` : html`<ol>${items(texts)}</ol>`;
