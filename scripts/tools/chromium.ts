import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where Chromium is, or undefined. It is never installed by us. */
export const findChromium = (env: Readonly<Record<string, string | undefined>>): string | undefined =>
  env.CHROMIUM_BIN || PLACES.find((place) => existsSync(place));
