import { describe, expect, it } from 'vitest';
import { compileExpression, compileQuery, SqlFailure } from '../../../local/iot/sql/evaluate.ts';
import { UnsupportedSql } from '../../../local/iot/sql/lexer.ts';
import { Message } from '../../../local/iot/sql/message.ts';
import { compileTemplate } from '../../../local/iot/sql/template.ts';
import { dollar } from '../../support/iot.ts';

const messageOf = (payload: unknown, topic = 'lab/berlin/ph-1/data'): Message =>
  new Message({
    topic,
    payload: Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload)),
    clientId: 'ph-1',
    principal: 'ba67',
    sourceIp: '127.0.0.1',
    timestamp: 1_481_825_251_155,
    account: '123456789012',
    newTraceId: () => 'trace-1',
  });

const value = (expression: string, payload: unknown = {}, topic?: string) =>
  compileExpression(expression)(messageOf(payload, topic));

const run = (sql: string, payload: unknown, topic?: string): unknown => {
  const query = compileQuery(sql, '2016-03-23');
  const message = messageOf(payload, topic);
  return query.matches(message) ? JSON.parse(query.select(message).toString()) : undefined;
};

// Left: an example of the developer guide; right: what the guide says it gives.
const EXAMPLES: readonly (readonly [string, unknown])[] = [
  ['abs(-5)', 5],
  ['abs("-5.123")', 5.123],
  ['accountid()', '123456789012'],
  ['acos(0)', Math.PI / 2],
  ['bitand(13, 5)', 5],
  ['bitor(8, 5)', 13],
  ['bitxor(13, 5)', 8],
  ['cast(true as Int)', 1],
  ['cast("5E-12" as Decimal)', 5e-12],
  ['cast(0 as Boolean)', false],
  ['cast([1, "a"] as String)', '[1,"a"]'],
  ['ceil(1.2)', 2],
  ['ceil(-1.2)', -1],
  ['chr(65)', 'A'],
  ['clientid()', 'ph-1'],
  ['concat()', undefined],
  ['concat(1)', 1],
  ['concat([1, 2, 3], 4)', [1, 2, 3, 4]],
  ['concat([1, 2, 3], "hello", [4, 5, 6])', [1, 2, 3, 'hello', 4, 5, 6]],
  ['concat("con", "cat")', 'concat'],
  ['concat(1, "hello")', '1hello'],
  ['endswith("cat","at")', true],
  ['floor(-1.2)', -2],
  ['get(["a", "b", "c"], 1)', 'b'],
  ['get({"a":"b"}, "a")', 'b'],
  ['md5("hello")', '5d41402abc4b2a76b9719d911017c592'],
  ['indexof("abcd", "bc")', 1],
  ['isNull(5)', false],
  ['isNull(Null)', true],
  ['isUndefined(5)', false],
  ['isUndefined(floor([1,2,3]))', true],
  ['length("hi")', 2],
  ['length(false)', 5],
  ['lower("HELLO")', 'hello'],
  ['lower(["HELLO"])', '["hello"]'],
  ['lpad("hello", 2)', '  hello'],
  ['lpad(1, 3)', '   1'],
  ['Ltrim(" h i ")', 'h i '],
  ['mod(8, 3)', 2],
  ['Nanvl(8, 3)', 8],
  ['numbytes("€")', 3],
  ['parse_time("yyyy", 100000000, "UTC")', '1970'],
  ['parse_time("yyyy.MM.dd \'at\' HH:mm:ss", 100000000, "America/Belize")', '1970.01.01 at 21:46:40'],
  ['power(2, 5)', 32],
  ['principal()', 'ba67'],
  ['regexp_matches("aaaa", "a{2,}")', true],
  ['regexp_matches("aaaa", "b")', false],
  ['regexp_matches("aaaa", "(")', undefined],
  ['regexp_replace("abcd", "bc", "x")', 'axd'],
  ['regexp_substr("hihihello", "(hi)*")', 'hihi'],
  ['replace("abcdabcd", "b", "x")', 'axcdaxcd'],
  ['rpad(1, 3)', '1   '],
  ['Round(1.5)', 2],
  ['Round(-1.5)', -2],
  ['sign(-7)', -1],
  ['sqrt(9)', 3],
  ['startswith("ranger","ran")', true],
  ['substring("012345", 2.745)', '2345'],
  ['substring(123, 2)', '3'],
  ['substring("012345", -1)', '012345'],
  ['substring(true, 1.2)', 'rue'],
  ['substring(false, -2.411E247)', 'false'],
  ['substring("012345", 1, 3)', '12'],
  ['substring("012345", 3, 1)', ''],
  ['timestamp()', 1_481_825_251_155],
  ['topic()', 'lab/berlin/ph-1/data'],
  ['topic(1)', 'lab'],
  ['topic(3)', 'ph-1'],
  ['topic(9)', undefined],
  ['trunc(2.3, 0)', 2],
  ['trunc(2.3123, 2)', 2.31],
  ['upper("hello")', 'HELLO'],
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['5 / 2', 2],
  ['5.0 / 2.5', 2],
  ['5.5 / 2', 2.75],
  ['1 / 0', undefined],
  ['-3 % 2', -1],
  ['"5" - 2', 3],
  ['"a" - 2', undefined],
  ['"a" + 1', 'a1'],
  ['true + 1', undefined],
  ['1 < "2"', true],
  ['"a" < "b"', undefined],
  ['"a" = 1', false],
  ['"a" <> 1', true],
  ['[1, {"a": 2}] = [1, {"a": 2}]', true],
  ['Null = Null', true],
  ['missing = 1', undefined],
  ['NOT "TRUE"', false],
  ['true AND "false"', false],
  ['true AND missing', undefined],
  ['true OR false AND false', true],
  ['NOT true OR true', true],
  ['3 in [1, 2, 3]', true],
  ['3 in 3', undefined],
  ["CASE 2 WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END", 'two'],
  ["CASE missing WHEN 1 THEN 'one' END", undefined],
  ["decode('eyAidGVtcGVyYXR1cmUiOiAzMyB9Cg==', 'base64').temperature", 33],
  ["decode('aGVsbG8=', 'base64')", 'hello'],
  ["decode('***', 'base64')", null],
  ["encode('hello', 'base64')", 'aGVsbG8='],
];

describe('expressions', () => {
  it.each(EXAMPLES)('%s', (expression, expected) => {
    const got = value(expression);
    if (typeof expected === 'number') expect(got).toBeCloseTo(expected, 12);
    else expect(got).toEqual(expected);
  });

  it('reads nested attributes, and never what an object inherits', () => {
    const payload = { a: { b: [{ c: 7 }] }, 'odd name': 1 };
    expect(value('get(a.b, 0).c', payload)).toBe(7);
    expect(value('a.b[0].c', payload)).toBe(7);
    expect(value('`odd name`', payload)).toBe(1);
    expect(value('a.constructor', payload)).toBeUndefined();
    expect(value('__proto__', payload)).toBeUndefined();
    expect(value('get(a, "toString")', payload)).toBeUndefined();
  });

  it('gives a new UUID each time', () => {
    expect(value('newuuid()')).not.toBe(value('newuuid()'));
  });
});

describe('statements', () => {
  it('passes bytes through for SELECT * alone', () => {
    const query = compileQuery("SELECT * FROM 'lab/#'", '2016-03-23');
    const payload = Buffer.from([0xff, 0, 1]);
    expect(query.select(messageOf(payload))).toBe(payload);
    expect(query.from).toBe('lab/#');
  });

  it('names columns by AS or by what they read', () => {
    const payload = { color: { red: 255 }, temperature: 27 };
    expect(run("SELECT color.red, temperature AS t, topic(3) AS who, upper('x') FROM 'a'", payload)).toEqual({
      red: 255,
      t: 27,
      who: 'ph-1',
      upper: 'X',
    });
  });

  it('merges * with other columns, later ones winning', () => {
    expect(run("SELECT *, timestamp() AS ts, 1 AS a FROM 'a'", { a: 0, b: 2 })).toEqual({
      a: 1,
      b: 2,
      ts: 1481825251155,
    });
  });

  it('leaves Undefined out and keeps Null', () => {
    expect(run("SELECT foo, bar FROM 'a'", { foo: null })).toEqual({ foo: null });
  });

  it('runs no action when WHERE is not true', () => {
    const sql = "SELECT * FROM 'a' WHERE temperature > 50 AND topic(2) = 'berlin'";
    expect(run(sql, { temperature: 51 })).toEqual({ temperature: 51 });
    expect(run(sql, { temperature: 50 })).toBeUndefined();
    expect(run(sql, {})).toBeUndefined();
    expect(run(sql, { temperature: 51 }, 'lab/munich/x/data')).toBeUndefined();
  });

  it('takes binary payloads as base64', () => {
    expect(
      run("SELECT encode(*, 'base64') AS data, clientid() AS c FROM 'a'", Buffer.from([1, 2, 255])),
    ).toEqual({
      data: 'AQL/',
      c: 'ph-1',
    });
  });

  it('gives a value by itself with SELECT VALUE', () => {
    expect(run("SELECT VALUE color FROM 'a'", { color: { red: 1 } })).toEqual({ red: 1 });
  });

  it('fails on * beside columns when the payload is no object', () => {
    const query = compileQuery("SELECT *, 1 AS one FROM 'a'", '2016-03-23');
    expect(() => query.select(messageOf(Buffer.from('nope')))).toThrow(SqlFailure);
  });

  it('needs no FROM where only Basic Ingest leads', () => {
    expect(compileQuery('SELECT *', '2016-03-23').from).toBeUndefined();
  });

  it.each([
    ['SELEC * FROM a', /SELECT/],
    ["SELECT * FROM 'a' WHERE", /the end of the statement/],
    ['SELECT * FROM topic', /FROM clause/],
    ["SELECT aws_lambda('x', *) AS a FROM 'a'", /aws_lambda\(\)/],
    ["SELECT get_thing_shadow('x', 'y').state FROM 'a'", /get_thing_shadow/],
    ["SELECT (SELECT v FROM x) AS a FROM 'a'", /nested SELECT/],
    ["SET @a = 1 SELECT * FROM 'a'", /unexpected "@"/],
    ["SELECT decode(*, 'proto', 'b', 'k', 'f', 'm') AS a FROM 'a'", /decode\(\)/],
    ["SELECT 1 + 1 FROM 'a'", /without AS/],
    ["SELECT 'open FROM a", /does not end/],
    ["SELECT parse_time('EEEE', 1) AS day FROM 'a'", /EEEE/],
    ["SELECT a.* FROM 'a'", /\.\*/],
    ["SELECT * FROM 'a' LIMIT 1", /LIMIT/],
  ])('refuses %s', (sql, reason) => {
    expect(() => compileQuery(sql, '2016-03-23')).toThrow(UnsupportedSql);
    expect(() => compileQuery(sql, '2016-03-23')).toThrow(reason);
  });

  it('refuses any other version', () => {
    expect(() => compileQuery("SELECT * FROM 'a'", '2015-10-08')).toThrow(/version 2015-10-08/);
  });
});

describe('substitution templates', () => {
  const fill = (template: string, payload: unknown = {}): string =>
    compileTemplate(template)(messageOf(payload));

  it('fills in functions and the original payload', () => {
    expect(fill('plain')).toBe('plain');
    expect(fill(`${dollar('topic(2)')}/${dollar('topic(3)')}`)).toBe('berlin/ph-1');
    expect(fill(`a-${dollar('temperature + 1')}`, { temperature: 1 })).toBe('a-2');
    expect(fill(dollar("replace(topic(), '/', '-') + '-' + timestamp()"))).toBe(
      'lab-berlin-ph-1-data-1481825251155',
    );
    expect(fill(dollar('get({"a": "}"}, "a")'))).toBe('}');
    expect(fill(dollar('missing'))).toBe('undefined');
  });

  it('refuses one that does not end', () => {
    expect(() => compileTemplate('$'.concat('{topic()'))).toThrow(UnsupportedSql);
  });
});
