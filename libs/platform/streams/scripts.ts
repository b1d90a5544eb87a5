import type { Redis } from 'ioredis';

/**
 * What must be atomic in Redis. Every write that a process past its lease could repeat checks the fencing key in the same
 * script:
 *
 *   fence = my epoch   → done
 *   fence > my epoch   → FENCED: somebody took over; stop
 *   no fence           → NOFENCE: Redis has lost its memory, or I have not announced myself; ask PostgreSQL who owns the
 *                        lease before announcing again
 */
export type Script = (...args: (string | number)[]) => Promise<unknown>;

export function define(redis: Redis, name: string, lua: string): Script {
  redis.defineCommand(name, { lua });
  const run = (redis as unknown as Record<string, Script>)[name]!;
  return (...args) => run.apply(redis, args);
}

/** KEYS fence, stream…; ARGV epoch, (count, events)…, recovery epoch → status, id… */
export const PUBLISH = `
local token = redis.call('GET', KEYS[1])
if not token or tonumber(token) < tonumber(ARGV[1]) then return {'NO_TOKEN'} end
if tonumber(token) > tonumber(ARGV[1]) then return {'SUPERSEDED'} end
local answer = {'OK'}
for i = 2, #KEYS do
  answer[i] = redis.call('XADD', KEYS[i], '*', 'n', ARGV[2 * i - 2], 'e', ARGV[2 * i - 1], 'r', ARGV[#ARGV])
end
return answer`;

/** KEYS fence…; ARGV epoch… → 1 where the fence is mine now, 0 where a higher one stands. */
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

/** KEYS fence, recovery; ARGV epoch, (field, value)… → status */
export const MARK = `
local token = redis.call('GET', KEYS[1])
if not token or tonumber(token) < tonumber(ARGV[1]) then return 'NO_TOKEN' end
if tonumber(token) > tonumber(ARGV[1]) then return 'SUPERSEDED' end
redis.call('HSET', KEYS[2], unpack(ARGV, 2))
return 'OK'`;

/**
 * Empties streams and fences of an epoch that is over, unless somebody has done it: a relay that was paused on its way here
 * must not empty what its successor has published.
 *
 * KEYS recovery, stream or fence…; ARGV epoch that was found, new epoch → 1 if it was this call
 */
export const REBUILD = `
local found = redis.call('HGET', KEYS[1], 'epoch')
if found ~= ARGV[1] then return 0 end
for i = 1, #KEYS do redis.call('DEL', KEYS[i]) end
redis.call('HSET', KEYS[1], 'epoch', ARGV[2])
return 1`;

/** KEYS (fence, stream)…; ARGV group, (epoch, count, id…)… → status per pair. */
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
 * Where every stream and every expected group stands; with ARGV[1] = 'trim', also removes what all of them have
 * acknowledged. Expected groups come from the subscriptions, never from XINFO: a group that is missing has read nothing.
 *
 * `delivered` counts what is no longer there as delivered: a group that was removed and made anew at 0 on a stream whose
 * entries had been trimmed can never read up to its last id, and whoever waited for that would wait for ever.
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
