import { useEffect, useState } from 'react';

/** The time, so that ages and ranges go on while nothing comes in; it stands still where it is not wanted. */
export const useNow = (everyMillis: number, going = true): number => {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!going) return;
    setNow(Date.now());
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, everyMillis);
    return () => clearInterval(timer);
  }, [everyMillis, going]);
  return now;
};
