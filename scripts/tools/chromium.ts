import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The path of Chromium, or undefined. The harness never installs it. */
export const findChromium = (env: Readonly<Record<string, string | undefined>>): string | undefined =>
  env.CHROMIUM_BIN || PLACES.find((place) => existsSync(place));
