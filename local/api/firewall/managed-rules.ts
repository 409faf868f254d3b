/**
 * Rule groups that AWS manages. Their rules are known by name and by what the guide says of them: those with a limit or
 * an exact test are evaluated, the others look for patterns that AWS does not publish.
 *
 * Source: "Baseline rule groups" of the AWS WAF developer guide.
 */
import type { Predicate } from './request.ts';

/** A rule group: a test for each rule, `undefined` where it cannot be evaluated here. */
export type RuleGroup = ReadonlyMap<string, Predicate | undefined>;

const COMMON: RuleGroup = new Map<string, Predicate | undefined>([
  ['NoUserAgent_HEADER', ({ headers }) => (headers['user-agent'] ?? '') === ''],
  ['UserAgent_BadBots_HEADER', undefined],
  ['SizeRestrictions_QUERYSTRING', ({ query }) => Buffer.byteLength(query) > 2_048],
  ['SizeRestrictions_Cookie_HEADER', ({ headers }) => Buffer.byteLength(headers.cookie ?? '') > 10_240],
  ['SizeRestrictions_BODY', ({ body }) => body.length > 8_192],
  ['SizeRestrictions_URIPATH', ({ path }) => Buffer.byteLength(path) > 1_024],
  ['EC2MetaDataSSRF_BODY', undefined],
  ['EC2MetaDataSSRF_COOKIE', undefined],
  ['EC2MetaDataSSRF_URIPATH', undefined],
  ['EC2MetaDataSSRF_QUERYARGUMENTS', undefined],
  ['GenericLFI_QUERYARGUMENTS', undefined],
  ['GenericLFI_URIPATH', undefined],
  ['GenericLFI_BODY', undefined],
  ['RestrictedExtensions_URIPATH', undefined],
  ['RestrictedExtensions_QUERYARGUMENTS', undefined],
  ['GenericRFI_QUERYARGUMENTS', undefined],
  ['GenericRFI_BODY', undefined],
  ['GenericRFI_URIPATH', undefined],
  ['CrossSiteScripting_COOKIE', undefined],
  ['CrossSiteScripting_QUERYARGUMENTS', undefined],
  ['CrossSiteScripting_BODY', undefined],
  ['CrossSiteScripting_URIPATH', undefined],
]);

const KNOWN_BAD_INPUTS: RuleGroup = new Map<string, Predicate | undefined>([
  ['JavaDeserializationRCE_HEADER', undefined],
  ['JavaDeserializationRCE_BODY', undefined],
  ['JavaDeserializationRCE_URIPATH', undefined],
  ['JavaDeserializationRCE_QUERYSTRING', undefined],
  // Here every request names this computer.
  ['Host_localhost_HEADER', undefined],
  ['PROPFIND_METHOD', ({ method }) => method === 'PROPFIND'],
  ['ExploitablePaths_URIPATH', undefined],
  ['Log4JRCE_HEADER', undefined],
  ['Log4JRCE_QUERYSTRING', undefined],
  ['Log4JRCE_BODY', undefined],
  ['Log4JRCE_URIPATH', undefined],
]);

/** The groups of the vendor `AWS` that are known here, by name. */
export const RULE_GROUPS: ReadonlyMap<string, RuleGroup> = new Map([
  ['AWSManagedRulesCommonRuleSet', COMMON],
  ['AWSManagedRulesKnownBadInputsRuleSet', KNOWN_BAD_INPUTS],
]);
