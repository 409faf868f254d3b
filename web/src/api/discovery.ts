/** What the stage says of itself, read when the page starts: one build serves every stage. */
import { DISCOVERY_PATH, type Discovery, discovery } from '../../../contracts/resources/discovery.ts';

/** @throws {Error} when the stage says nothing, or not what it should */
export const readDiscovery = async (): Promise<Discovery> => {
  const response = await fetch(DISCOVERY_PATH, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${DISCOVERY_PATH}: ${response.status}`);
  return discovery.parse(await response.json());
};
