/** A lane under a time axis: spans of time, each with a word. */
import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { AXIS_WIDTH } from './layout.ts';

export interface LaneSpan {
  readonly from: number;
  readonly to: number;
  readonly colour: string;
  /** Drawn in hatches as well: colour alone says nothing to many. */
  readonly hatched?: boolean;
  readonly text?: string;
  readonly tip: ReactNode;
}

interface Props {
  readonly title: string;
  readonly from: number;
  readonly to: number;
  readonly spans: readonly LaneSpan[];
  readonly summary: string;
}

export const Lane = ({ title, from, to, spans, summary }: Props) => {
  const place = (time: number): number => Math.min(1, Math.max(0, (time - from) / (to - from)));
  return (
    <div className="lane">
      <div className="lane-title" style={{ width: AXIS_WIDTH }} title={title}>
        {title}
      </div>
      <div className="lane-track" role="img" aria-label={`${title}: ${summary}`}>
        {spans
          .filter((span) => span.to >= from && span.from <= to)
          .map((span) => {
            const [left, right] = [place(span.from), place(span.to)];
            return (
              <Tooltip
                key={`${span.from} ${span.text ?? span.colour}`}
                label={span.tip}
                multiline
                maw={320}
                withArrow
              >
                <div
                  className="lane-span"
                  data-hatched={span.hatched}
                  style={{
                    left: `${left * 100}%`,
                    width: `max(3px, ${(right - left) * 100}%)`,
                    backgroundColor: span.colour,
                  }}
                >
                  {span.text}
                </div>
              </Tooltip>
            );
          })}
      </div>
    </div>
  );
};
