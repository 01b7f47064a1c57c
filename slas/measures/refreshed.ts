import type { Series } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { PUSHED, WRITTEN } from '../plan/refresh-selectors.ts';
import { nearestAt } from '../window/increases.ts';
import { belongsTo, parseValue, type TargetWindow } from '../window/targets.ts';
import type { Frame } from '../window/window.ts';

/**
 * Whether a gauge's value belongs to the scrape at which it was found. A scraped process reports its
 * current state. A value that was pushed, or written to a file, stays after its process has died, so it
 * counts only if something shows when it was refreshed.
 */

/**
 * A value belongs to a scrape if it was refreshed at most this many intervals before it; a refresh time this
 * far after it is not plausible.
 */
const LATE = 1.5;

const seriesOf = (
  metric: string,
  { readings, blocks, selectedBy }: Frame,
): readonly Pick<Series, 'labels' | 'samples'>[] =>
  [...readings]
    .filter(([one]) => selectedBy(one).metric === metric)
    .flatMap(([one, { series }]) => {
      const unread = [...(blocks?.digest(one, 'max').values() ?? [])];
      return [...series, ...unread.map(({ labels }) => ({ labels, samples: [] }))];
    });

/** All series that were pushed together carry the labels of their group. */
const isOfGroup = ({ labels }: Series, group: Pick<Series, 'labels'>) =>
  Object.entries(group.labels).every(([label, value]) => label === '__name__' || labels[label] === value);

/** When a series was refreshed, according to the gauges that report this time; empty for a series that the process itself reports. */
function refreshesOf(one: Series, target: TargetWindow, frame: Frame) {
  const { __name__: name = '' } = one.labels;
  const pushed = seriesOf(PUSHED, frame).filter((group) => isOfGroup(one, group));
  // Nothing shows which file a series comes from. Only the names of the node exporter's own metrics are known to begin with `node_`.
  const written = name.startsWith('node_')
    ? []
    : seriesOf(WRITTEN, frame).filter((file) => belongsTo(file, target));
  return [...pushed, ...written];
}

/** Labels that Prometheus adds to a series that another process passed on. `up` describes the process that passed it on. */
const isPassedOn = ({ labels }: Series, target: TargetWindow) =>
  ['exported_job', 'exported_instance'].some((label) => label in labels && !(label in target.labels));

/** Why no value of a gauge can be attributed to its scrape; null if values can. */
export function neverRefreshed(gauge: string, series: readonly Series[], frame: Frame): Reason | null {
  if (frame.up === undefined || frame.up.series.length === 0)
    return reason('service-not-scraped', { selector: gauge });
  for (const target of frame.targets)
    for (const one of series.filter((own) => belongsTo(own, target))) {
      const refreshes = refreshesOf(one, target, frame);
      const { labels } = one;
      if (refreshes.length === 0 && isPassedOn(one, target))
        return reason('series-passed-on', { labels, target: target.name });
      if (refreshes.length > 0 && frame.blocks !== null) return reason('refreshes-unknown', { labels });
      const last = Math.min(...refreshes.map(lastRefresh));
      if (last < frame.fromSeconds) return reason('refreshed-before-window', { labels, atSeconds: last });
    }
  return null;
}

const lastRefresh = ({ samples }: Pick<Series, 'samples'>) =>
  samples.reduce((last, [, value]) => Math.max(last, parseValue(value) || 0), 0);

/** Whether the value that a series had at a scrape belongs to that scrape. */
export function isFresh(one: Series, target: TargetWindow, frame: Frame): (atSeconds: number) => boolean {
  const refreshes = refreshesOf(one, target, frame);
  if (refreshes.length === 0) return () => true;
  const { intervalSeconds } = target;
  return (atSeconds) =>
    refreshes.every(({ samples }) => {
      if (samples.length === 0) return false;
      const [time, value] = samples[nearestAt(samples.length, (index) => samples[index]![0], atSeconds)]!;
      return (
        Math.abs(time - atSeconds) < intervalSeconds / 2 &&
        Math.abs(atSeconds - Number(value)) <= LATE * intervalSeconds
      );
    });
}
