import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ask } from '../../api/client.ts';
import { type Completeness, readCompleteness } from '../../api/gen/index.ts';
import { Lane, type LaneSpan } from '../../charts/Lane.tsx';
import { timeText } from '../../charts/zone.ts';
import { texts } from '../../texts.ts';
import type { LaneProps } from './SessionsLane.tsx';

const HOUR = 3_600_000;
/** The longest range of one question. */
const MOST = 92 * 24 * HOUR;

/** What is missing of a range, with its cause. */
export const CompletenessLane = ({ device, from, to, live, zone }: LaneProps) => {
  const end = Math.ceil(to / HOUR) * HOUR;
  const start = Math.max(Math.floor(from / HOUR) * HOUR, end - MOST);
  const { data } = useQuery({
    queryKey: ['completeness', device, start, end],
    queryFn: () =>
      ask(
        readCompleteness({
          path: { id: device },
          query: { from: new Date(start).toISOString(), to: new Date(end).toISOString() },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: live ? 60_000 : false,
  });
  if (data === undefined) return null;
  const spans = gapSpans(data, from, to, zone);
  const summary = data.known
    ? spans.length === 0
      ? texts.device.nothingMissing
      : texts.device.missing(spans.length)
    : texts.device.completenessUnknown[data.reason ?? 'no-messages'];
  return (
    <>
      <Lane title={texts.device.complete} from={from} to={to} spans={spans} summary={summary} />
      <div className="lane-note">{summary}</div>
    </>
  );
};

const gapSpans = (
  { gaps = [], channels = [] }: Completeness,
  from: number,
  to: number,
  zone: string,
): LaneSpan[] => {
  const range = (start: number, end: number): string => `${timeText(start, zone)} – ${timeText(end, zone)}`;
  const ofMessages = gaps.map((gap) => {
    const [start, end] = [gap.after === null ? from : Date.parse(gap.after), Date.parse(gap.before)];
    return {
      from: start,
      to: end,
      colour: '#b3261e',
      tip: `${texts.device.gapMessages(gap.messages)}, ${range(start, end)}: ${texts.device.gapCause[gap.cause]}`,
    };
  });
  const ofChannels = channels.flatMap(({ n, gaps: own }) =>
    own.map((gap) => {
      const [start, end] = [
        gap.after === null ? from : Date.parse(gap.after),
        gap.before === null ? to : Date.parse(gap.before),
      ];
      return {
        from: start,
        to: end,
        colour: '#a15c00',
        hatched: true,
        tip: `${texts.device.gapPoints(n, gap.points)}, ${range(start, end)}`,
      };
    }),
  );
  return [...ofChannels, ...ofMessages].filter((span) => span.to >= from && span.from <= to);
};
