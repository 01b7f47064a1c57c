/** The mean number of open requests, counted at equal moments of a window. */
export function openAtMoments(
  startSeconds: ArrayLike<number>,
  durationSeconds: ArrayLike<number>,
  window: { readonly fromSeconds: number; readonly toSeconds: number },
  moments = 500,
): number | null {
  const { fromSeconds, toSeconds } = window;
  if (startSeconds.length === 0 || !(toSeconds > fromSeconds)) return null;
  const every = (toSeconds - fromSeconds) / moments;
  let open = 0;
  for (let index = 0; index < startSeconds.length; index++) {
    const first = Math.max(0, Math.ceil((startSeconds[index]! - fromSeconds) / every - 0.5));
    const end = startSeconds[index]! + durationSeconds[index]!;
    const last = Math.min(moments - 1, Math.floor((end - fromSeconds) / every - 0.5));
    open += Math.max(0, last - first + 1);
  }
  return open / moments;
}
