import type { Evidence } from '../../slas/model/model.ts';
import { HarnessError } from '../cli/errors.ts';

/** The grid may move the end of a window by this much. */
const MAX_APART_SECONDS = 10;

/**
 * The latest minutes are determined by the verifier's clock. If the clock of the samples differs, the window lies in the
 * past, and a pass may be about the previous version. A clock that could not be read is not compared.
 */
export function refuseOtherClock({ clock }: Pick<Evidence, 'clock'>): void {
  if (clock === undefined) return;
  const apart = Math.abs(clock.aheadSeconds) - clock.uncertaintySeconds;
  if (apart <= MAX_APART_SECONDS) return;
  const direction = clock.aheadSeconds > 0 ? 'ahead of' : 'behind';
  throw new HarnessError(
    'clocks-apart',
    `Prometheus's clock is at least ${apart.toFixed(0)} s ${direction} the verifier's, so it is unknown which minutes are the latest`,
    { nextStep: 'synchronise both clocks (NTP), or ask for a window with from=… and to=…' },
  );
}
