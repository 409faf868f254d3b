/** What a stage says of itself, so that one build of the page, and any client, serves every stage. */
import * as z from 'zod';

/** Where it is said: on the page's own origin, to anybody. */
export const DISCOVERY_PATH = '/.well-known/labgate';

/** Nothing in it is secret. */
export const discovery = z
  .object({
    stage: z.string(),
    region: z.string(),
    api: z.string().meta({ description: 'What stands before `/v1`; empty: the origin of this document' }),
    signIn: z
      .object({
        issuer: z.url().meta({ description: 'OpenID issuer; endpoints by its discovery' }),
        clientId: z.string().meta({ description: 'Client of the page: code with PKCE, no secret' }),
        logoutUrl: z.url().meta({ description: 'Ends the session of the sign-in pages' }),
      })
      .meta({ id: 'DiscoverySignIn' }),
    live: z
      .object({
        url: z.url().meta({ description: 'MQTT over WebSocket' }),
        authorizer: z.string().meta({ description: 'Name of the custom authorizer, for the user name' }),
      })
      .optional()
      .meta({ id: 'DiscoveryLive', description: 'Absent: this stage has no live connection' }),
  })
  .meta({ id: 'Discovery' });
export type Discovery = z.infer<typeof discovery>;
