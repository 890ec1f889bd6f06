/** How fast this page's answers come, from the times they were given (seconds). */

const PAUSE_S = 180;
const WINDOW = 50;

/** Answers per hour over the last answers, pauses of more than three minutes left out; null while unknown. */
export function perHour(times: readonly number[]): number | null {
  const recent = times.slice(-WINDOW);
  let seconds = 0;
  let answers = 0;
  for (let i = 1; i < recent.length; i += 1) {
    const gap = (recent[i] ?? 0) - (recent[i - 1] ?? 0);
    if (gap > PAUSE_S) continue;
    seconds += gap;
    answers += 1;
  }
  return answers < 3 || seconds <= 0 ? null : (answers / seconds) * 3600;
}
