import type { Redis } from 'ioredis';

/**
 * Operations that must be atomic in Redis. Every write that a process could repeat after its lease has ended compares the
 * fencing token in the same script:
 *
 *   stored token = my token   → OK: the write is done
 *   stored token > my token   → SUPERSEDED: another process has taken over; stop
 *   no token, or a lower one  → NO_TOKEN: Redis has lost its data, or I have not announced my token; ask PostgreSQL who holds
 *                               the lease before announcing again
 */
export type Script = (...args: (string | number)[]) => Promise<unknown>;

export function define(redis: Redis, name: string, lua: string): Script {
  redis.defineCommand(name, { lua });
  const run = (redis as unknown as Record<string, Script>)[name]!;
  return (...args) => run.apply(redis, args);
}

/** KEYS token, stream…; ARGV token, (count, events)…, recovery epoch → answer, id… */
export const PUBLISH = `
local token = redis.call('GET', KEYS[1])
if not token or tonumber(token) < tonumber(ARGV[1]) then return {'NO_TOKEN'} end
if tonumber(token) > tonumber(ARGV[1]) then return {'SUPERSEDED'} end
local answer = {'OK'}
for i = 2, #KEYS do
  answer[i] = redis.call('XADD', KEYS[i], '*', 'n', ARGV[2 * i - 2], 'e', ARGV[2 * i - 1], 'r', ARGV[#ARGV])
end
return answer`;

/** KEYS token…; ARGV token… → 1 where the key now holds my token, 0 where it holds a higher one. */
export const ANNOUNCE = `
local answer = {}
for i = 1, #KEYS do
  local token = redis.call('GET', KEYS[i])
  if not token or tonumber(token) <= tonumber(ARGV[i]) then
    redis.call('SET', KEYS[i], ARGV[i])
    answer[i] = 1
  else
    answer[i] = 0
  end
end
return answer`;

/** KEYS token, recovery; ARGV token, (field, value)… → answer */
export const MARK = `
local token = redis.call('GET', KEYS[1])
if not token or tonumber(token) < tonumber(ARGV[1]) then return 'NO_TOKEN' end
if tonumber(token) > tonumber(ARGV[1]) then return 'SUPERSEDED' end
redis.call('HSET', KEYS[2], unpack(ARGV, 2))
return 'OK'`;

/**
 * Deletes the streams and fencing tokens of a recovery epoch that is over, unless another relay has already done it. A relay
 * that was paused just before this call must not delete what its successor has published.
 *
 * KEYS recovery, stream or token…; ARGV epoch that was found, new epoch → 1 if this call deleted them, else 0
 */
export const REBUILD = `
local found = redis.call('HGET', KEYS[1], 'epoch')
if found ~= ARGV[1] then return 0 end
for i = 1, #KEYS do redis.call('DEL', KEYS[i]) end
redis.call('HSET', KEYS[1], 'epoch', ARGV[2])
return 1`;

/** KEYS (token, stream)…; ARGV group, (token, count, id…)… → answer per pair. */
export const ACKNOWLEDGE = `
local answer = {}
local at = 2
for i = 1, #KEYS, 2 do
  local mine, count = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local token = redis.call('GET', KEYS[i])
  if not token or tonumber(token) < mine then
    answer[#answer + 1] = 'NO_TOKEN'
  elseif tonumber(token) > mine then
    answer[#answer + 1] = 'SUPERSEDED'
  else
    redis.call('XACK', KEYS[i + 1], ARGV[1], unpack(ARGV, at + 2, at + 1 + count))
    answer[#answer + 1] = 'OK'
  end
  at = at + 2 + count
end
return answer`;

/**
 * The state of every stream and of every expected group. With ARGV[1] = 'trim' it also removes the entries that all groups
 * have acknowledged. The expected groups come from the subscriptions, never from XINFO: a missing group has read nothing.
 *
 * Entries that no longer exist count as delivered. Without this, a group that was removed and created again at 0, on a stream
 * whose entries had been trimmed, could never reach the last id, and the reconciler would wait for it for ever.
 *
 * KEYS stream…; ARGV trim | look, group… → per stream { last id, length, { delivered, pending, oldest pending }… }
 */
export const SURVEY = `
local function after(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  return ms .. '-' .. string.format('%.0f', tonumber(n) + 1)
end
local function before(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  if tonumber(n) > 0 then return ms .. '-' .. string.format('%.0f', tonumber(n) - 1) end
  return string.format('%.0f', tonumber(ms) - 1) .. '-18446744073709551615'
end
local function isBelow(a, b)
  local ams, an = string.match(a, '^(%d+)-(%d+)$')
  local bms, bn = string.match(b, '^(%d+)-(%d+)$')
  if ams ~= bms then return tonumber(ams) < tonumber(bms) end
  return tonumber(an) < tonumber(bn)
end
local answer = {}
for i, stream in ipairs(KEYS) do
  local row = {'0-0', 0}
  if redis.call('EXISTS', stream) == 1 then
    local info = redis.call('XINFO', 'STREAM', stream)
    local gone
    for j = 1, #info, 2 do
      if info[j] == 'last-generated-id' then row[1] = info[j + 1] end
      if info[j] == 'length' then row[2] = info[j + 1] end
      if info[j] == 'first-entry' and info[j + 1] then gone = before(info[j + 1][1]) end
    end
    if row[2] == 0 then gone = row[1] end
    local known = {}
    for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
      local facts = {}
      for j = 1, #group, 2 do facts[group[j]] = group[j + 1] end
      known[facts['name']] = facts
    end
    local floor
    for g = 2, #ARGV do
      local facts = known[ARGV[g]]
      if facts then
        local oldest = ''
        if facts['pending'] > 0 then oldest = redis.call('XPENDING', stream, ARGV[g])[2] end
        local delivered = facts['last-delivered-id']
        if gone and isBelow(delivered, gone) then delivered = gone end
        row[#row + 1] = {delivered, facts['pending'], oldest}
        local needs = oldest
        if needs == '' then needs = after(facts['last-delivered-id']) end
        if not floor or isBelow(needs, floor) then floor = needs end
      else
        row[#row + 1] = {'0-0', 0, ''}
        floor = '0-0'
      end
    end
    if ARGV[1] == 'trim' and floor and floor ~= '0-0' then redis.call('XTRIM', stream, 'MINID', floor) end
  else
    for g = 2, #ARGV do row[#row + 1] = {'0-0', 0, ''} end
  end
  answer[i] = row
end
return answer`;
