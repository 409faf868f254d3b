/**
 * Credentials out of the environment: all that a function ever has. Bundled in place of
 * `@aws-sdk/credential-provider-node` (esbuild `--alias`), whose chain of profiles, SSO, web identity and
 * instance metadata makes every bundle 120 KB larger for nothing.
 */

interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * The SDK's own name for its chain of providers.
 * @returns a provider that throws when the environment holds no credentials
 */
export const defaultProvider = () => async (): Promise<Identity> => {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = process.env;
  if (!accessKeyId || !secretAccessKey) throw new Error('no AWS credentials in the environment');
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
};
