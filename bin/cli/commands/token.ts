/** `labgate token`: prints an access token, for curl and scripts. */
import { Command } from 'commander';
import { readTarget } from '../client/target.ts';
import { accessToken, peopleClient } from '../client/tokens.ts';
import { showAddress } from './login.ts';
import { type CommonOptions, print, withTarget } from './options.ts';

const token = async (options: CommonOptions & { readonly signIn?: boolean }): Promise<void> => {
  const target = readTarget(options.target);
  const signIn = async (): Promise<string> => {
    const openid = await import('../client/openid.ts');
    return (await openid.signIn(peopleClient(target), showAddress)).accessToken;
  };
  const value = options.signIn ? await signIn() : await accessToken(target, options.program);
  print(options.json ? JSON.stringify({ token: value, api: target.api }) : value);
};

/** The `token` command. */
export const tokenCommand = (): Command =>
  withTarget(new Command('token'))
    .description('an access token: of a program, or of who has signed in')
    .option('--sign-in', 'sign in with a browser for this one token, and keep nothing')
    .action(token);
