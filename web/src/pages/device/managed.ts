import { useQueryClient } from '@tanstack/react-query';
import type { DeviceDetail } from '../../api/gen/index.ts';

export interface ManagedProps {
  readonly device: DeviceDetail;
  /** Of the version that is changed; what others change meanwhile is not overwritten. */
  readonly etag: string;
}

/** After a change all that is known of devices is asked for anew. */
export const useDeviceChanged = (): (() => Promise<void>) => {
  const queries = useQueryClient();
  return async () => {
    const keys = ['device', 'devices', 'sites'];
    await Promise.all(keys.map((key) => queries.invalidateQueries({ queryKey: [key] })));
  };
};
