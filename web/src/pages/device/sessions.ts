import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ask } from '../../api/client.ts';
import { listSessions } from '../../api/gen/index.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Days of one question. */
const MOST = 31 * DAY;

/** Sessions of a range, of its last month where it is longer; whole minutes, so that a range that goes on asks seldom. */
export const sessionsQuery = (device: string, from: number, to: number) => {
  const end = Math.ceil(to / MINUTE) * MINUTE;
  const start = Math.max(Math.floor(from / MINUTE) * MINUTE, end - MOST);
  return queryOptions({
    queryKey: ['sessions', device, start, end],
    queryFn: () =>
      ask(
        listSessions({
          path: { id: device },
          query: { from: new Date(start).toISOString(), to: new Date(end).toISOString() },
        }),
      ),
    placeholderData: keepPreviousData,
  });
};
