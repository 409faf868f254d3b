/** Opens the live connection of the tab, where the stage has one and the role may hear something. */
import { type ReactNode, useEffect, useState } from 'react';
import { liveAccess, liveUsername } from '../../../contracts/live-access.ts';
import type { Discovery } from '../../../contracts/resources/discovery.ts';
import { useMe } from '../api/me.tsx';
import type { Session } from '../api/session.ts';
import { LiveConnection } from './connection.ts';
import { LiveContext } from './use-live.ts';

interface Props {
  readonly live: Discovery['live'];
  readonly session: Session;
  readonly children: ReactNode;
}

export const LiveProvider = ({ live, session, children }: Props) => {
  const me = useMe();
  const clientPrefix = liveAccess(me)?.clientPrefix;
  const [connection, setConnection] = useState<LiveConnection>();
  useEffect(() => {
    if (live === undefined || clientPrefix === undefined) return;
    const opened = new LiveConnection({
      url: live.url,
      username: liveUsername(live.authorizer),
      clientPrefix,
      token: () => session.token(),
    });
    setConnection(opened);
    return () => {
      opened.close();
      setConnection(undefined);
    };
  }, [live, session, clientPrefix]);
  return <LiveContext value={connection}>{children}</LiveContext>;
};
