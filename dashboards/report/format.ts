import { formatCount, formatValue } from '../../slas/render/numbers.ts';
import type { PanelUnit } from '../panel.ts';

/** Formats numbers and times for the report. */

const figures = (value: number, digits = 3) => Number(value.toPrecision(digits));

export function formatNumber(value: number, unit: PanelUnit): string {
  switch (unit) {
    case 'seconds':
      return formatValue(figures(value), 'seconds');
    case 'ratio':
      return formatValue(figures(value), 'ratio');
    case 'per_second':
      return formatValue(figures(value), 'per_second');
    case 'share':
      return String(figures(value));
    case 'count':
      return value >= 100 ? formatCount(Math.round(value)) : String(figures(value));
    case 'bytes':
      return `${figures(value / 1e6)} MB`;
    case 'cores':
      return `${figures(value)} ${value === 1 ? 'core' : 'cores'}`;
    case 'state':
      return value === 1 ? 'loaded' : 'not loaded';
    default:
      return unit satisfies never;
  }
}

/** `08:35:36` */
export const clockTime = (seconds: number) => new Date(seconds * 1000).toISOString().slice(11, 19);

/** `23 November 2026, 08:35:36 to 08:35:56 UTC` */
export function period(fromSeconds: number, toSeconds: number): string {
  const day = (seconds: number) =>
    new Date(seconds * 1000).toLocaleDateString('en-GB', {
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      timeZone: 'UTC',
    });
  const [from, to] = [day(fromSeconds), day(toSeconds)];
  const end = from === to ? clockTime(toSeconds) : `${to}, ${clockTime(toSeconds)}`;
  return `${from}, ${clockTime(fromSeconds)} to ${end} UTC`;
}

/** `20 s`, `5 min`, `1 h 30 min` */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return [
    hours === 0 ? '' : `${hours} h`,
    minutes === 0 ? '' : `${minutes} min`,
    rest === 0 ? '' : `${rest} s`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** `12 s into the run` */
export const intoRun = (seconds: number) => `${duration(Math.max(0, seconds))} into the run`;

export const formatBytes = (bytes: number) =>
  bytes >= 2 ** 30 ? `${figures(bytes / 2 ** 30)} GiB` : `${figures(bytes / 2 ** 20)} MiB`;

/** The limit without its comparison: `200ms` of `< 200ms`. */
export const withoutComparison = (limit: string) => limit.replace(/^[<>]=?\s*/, '');

/** Keeps a number and its unit on one line. */
export const unbroken = (text: string) => text.replace(/(≈|\d) (?=\d|ms|s\b|%)/g, '$1\u00a0');
