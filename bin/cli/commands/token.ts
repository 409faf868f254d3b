/** `labgate token`: prints an access token, for curl and scripts. */
import { Command } from 'commander';
import { readTarget } from '../client/target.ts';
import { accessToken, signIn } from '../client/tokens.ts';
import { type CommonOptions, print, tell, withTarget } from './options.ts';

const token = async (options: CommonOptions & { readonly signIn?: boolean }): Promise<void> => {
  const target = readTarget(options.target);
  const value = options.signIn
    ? await signIn(target, (url) => tell(`open this address to sign in:\n  ${url}`))
    : await accessToken(target, options.program);
  print(options.json ? JSON.stringify({ token: value, api: target.api }) : value);
};

/** The `token` command. */
export const tokenCommand = (): Command =>
  withTarget(new Command('token'))
    .description('an access token: of a program, or of a person with --sign-in')
    .option('--sign-in', 'sign in with a browser')
    .action(token);
