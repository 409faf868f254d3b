import { useQuery } from '@tanstack/react-query';
import { Lane } from '../../charts/Lane.tsx';
import { timeText } from '../../charts/zone.ts';
import { texts } from '../../texts.ts';
import { sessionsQuery } from './sessions.ts';

export interface LaneProps {
  readonly device: string;
  readonly from: number;
  readonly to: number;
  readonly live: boolean;
  readonly zone: string;
}

/** When the device was connected. */
export const SessionsLane = ({ device, from, to, live, zone }: LaneProps) => {
  const { data } = useQuery({ ...sessionsQuery(device, from, to), refetchInterval: live ? 30_000 : false });
  if (data === undefined) return null;
  return (
    <Lane
      title={texts.device.online}
      from={from}
      to={to}
      summary={
        data.availability === null
          ? texts.device.availabilityUnknown
          : texts.device.availability(data.availability)
      }
      spans={data.items.map((session) => {
        const [start, end] = [
          session.from === null ? Date.parse(data.from) : Date.parse(session.from),
          session.to === null ? to : Date.parse(session.to),
        ];
        return {
          from: start,
          to: end,
          colour: '#6b7780',
          tip: `${texts.device.connected} ${timeText(start, zone)} – ${
            session.to === null ? texts.device.sessionGoesOn : timeText(end, zone)
          }${session.reason === undefined ? '' : ` (${session.reason})`}`,
        };
      })}
    />
  );
};
