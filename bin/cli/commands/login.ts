/** `labgate login` and `labgate logout`: commands in between act for the person who has signed in. */
import { Command, InvalidArgumentError } from 'commander';
import { readTarget } from '../client/target.ts';
import { forgetLogin, keepLogin, peopleClient, readLogin } from '../client/tokens.ts';
import { type CommonOptions, print, tell, withTarget } from './options.ts';

interface LoginOptions extends CommonOptions {
  readonly port?: number;
}

/** Shows where to sign in. */
export const showAddress = (url: string): void => tell(`open this address to sign in:\n  ${url}`);

const login = async (options: LoginOptions): Promise<void> => {
  const target = readTarget(options.target);
  const client = peopleClient(target);
  const { signIn } = await import('../client/openid.ts');
  const granted = await signIn(client, showAddress, options.port);
  keepLogin(client, granted);
  if (options.json) print(JSON.stringify({ username: granted.username, api: target.api }));
  else tell(`signed in as ${granted.username ?? 'somebody'}; \`labgate logout\` ends it`);
};

const logout = async (options: CommonOptions): Promise<void> => {
  const target = readTarget(options.target);
  const client = peopleClient(target);
  const known = readLogin(target);
  // First, because the issuer may not answer.
  forgetLogin(client);
  if (known !== undefined) {
    const { revoke } = await import('../client/openid.ts');
    try {
      await revoke(client, known.refreshToken);
    } catch (error) {
      tell('signed out here, but the token issuer was not told: the sign-in lasts there until its end');
      throw error;
    }
  }
  if (options.json) print(JSON.stringify({ username: known?.username ?? null, api: target.api }));
  else tell(known === undefined ? 'nobody was signed in' : `${known.username ?? 'somebody'} is signed out`);
};

const port = (text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new InvalidArgumentError('use a whole number from 1 to 65535');
  return number;
};

/** The `login` command. */
export const loginCommand = (): Command =>
  withTarget(new Command('login'))
    .description('sign in with a browser; the commands that follow act for you')
    .option('--port <port>', 'where the sign-in page leads back to, as the settings list it', port)
    .action(login);

/** The `logout` command. */
export const logoutCommand = (): Command =>
  withTarget(new Command('logout'))
    .description('end the sign-in: the refresh token is revoked and removed')
    .action(logout);
