import type { Series } from '../model/model.ts';
import { PUSHED, WRITTEN } from '../plan/refresh-selectors.ts';
import { readSelector } from '../prometheus/promql.ts';
import { nearestAt } from '../window/increases.ts';
import { belongsTo, parseValue, type TargetWindow } from '../window/targets.ts';
import type { Frame } from '../window/window.ts';

/**
 * Whether a gauge's value is of the scrape at which it was found. A process that is scraped tells its present state. A value that
 * was pushed, or written into a file, stays what it was after its process has died: it counts only where something shows when it
 * was refreshed.
 */

/** A value is of a scrape if it was refreshed at most so many intervals before it. */
const LATE = 1.5;

const seriesOf = (
  metric: string,
  { readings, blocks }: Frame,
): readonly Pick<Series, 'labels' | 'samples'>[] =>
  [...readings]
    .filter(([one]) => readSelector(one).metric === metric)
    .flatMap(([one, { series }]) => {
      const unread = [...(blocks?.digest(one, 'max').values() ?? [])];
      return [...series, ...unread.map(({ labels }) => ({ labels, samples: [] }))];
    });

/** Everything of a group that was pushed together carries the labels of the group. */
const isOfGroup = ({ labels }: Series, group: Pick<Series, 'labels'>) =>
  Object.entries(group.labels).every(([label, value]) => label === '__name__' || labels[label] === value);

/** When a series was refreshed, by the gauges that say so; none for what its own process tells. */
function refreshesOf(one: Series, target: TargetWindow, frame: Frame) {
  const { __name__: name = '' } = one.labels;
  const pushed = seriesOf(PUSHED, frame).filter((group) => isOfGroup(one, group));
  // Which file a series is from nobody says; a node exporter's own begin with its name.
  const written = name.startsWith('node_')
    ? []
    : seriesOf(WRITTEN, frame).filter((file) => belongsTo(file, target));
  return [...pushed, ...written];
}

/** Labels that Prometheus gives to a series which came by way of another process: `up` is that one's. */
const isPassedOn = ({ labels }: Series, target: TargetWindow) =>
  ['exported_job', 'exported_instance'].some((label) => label in labels && !(label in target.labels));

/** Why none of the values of a gauge can be trusted to be of its scrapes; null where they may be. */
export function neverRefreshed(gauge: string, series: readonly Series[], frame: Frame): string | null {
  if (frame.up === undefined || frame.up.series.length === 0)
    return `nothing shows that ${gauge} was refreshed: there is no "up" of its job, so that the service itself was not scraped, and a value that was pushed stays what it was after its process has died; let Prometheus scrape the service, or use another objective`;
  for (const target of frame.targets)
    for (const one of series.filter((own) => belongsTo(own, target))) {
      const refreshes = refreshesOf(one, target, frame);
      const label = JSON.stringify(one.labels);
      if (refreshes.length === 0 && isPassedOn(one, target))
        return `series ${label} was passed on by ${target.name}, whose "up" says nothing of the process that it is about: let Prometheus scrape that process`;
      if (refreshes.length > 0 && frame.blocks !== null)
        return `series ${label} was pushed or read from a file, and of a window this long not every time of that is known`;
      const last = Math.min(...refreshes.map(lastRefresh));
      if (last < frame.fromSeconds)
        return `series ${label} was last refreshed at ${new Date(last * 1000).toISOString()}, before the window: a value that was pushed or read from a file stays what it was after its process has died`;
    }
  return null;
}

const lastRefresh = ({ samples }: Pick<Series, 'samples'>) =>
  samples.reduce((last, [, value]) => Math.max(last, parseValue(value) || 0), 0);

/** Whether the value that a series had at a scrape is of that scrape. */
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
        atSeconds - Number(value) <= LATE * intervalSeconds
      );
    });
}
