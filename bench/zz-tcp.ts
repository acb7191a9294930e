import { Redis } from 'ioredis'
import { RedisCacheManager } from 'nearcache'
import { tcpTransport } from 'nearcache/redis/tcp'
import { recordOf } from './record.ts'
import { repeat } from './measure.ts'
const url='redis://127.0.0.1:7391'; const KEYS=Array.from({length:1024},(_,i)=>`user:${i}`), TAGS=['org:1','team:2']
const redis=new Redis(7391,'127.0.0.1'); await redis.flushall()
for (const [i,k] of KEYS.entries()) await redis.set(k,JSON.stringify(recordOf(i)))
const cache=new RedisCacheManager({redis:tcpTransport({url}),deadline:'10s'})
await cache.getOrSetMany(KEYS,()=>new Map(KEYS.map((k,i)=>[k,recordOf(i)])),{tags:TAGS,ttl:'1d'})
const never=()=>{throw new Error('x')}
const subj: Record<string,(k:string)=>Promise<unknown>>={ours:k=>cache.getOrSet(k,never,{tags:TAGS}),get:k=>redis.get(k),parsed:async k=>JSON.parse((await redis.get(k))!)}
const C=+(process.argv[2]??20000),R=+(process.argv[3]??15),only=process.argv[4]; const names=only?[only]:Object.keys(subj)
const run=(n:string)=>{let i=0;const f=subj[n]!;return repeat(C,256,()=>f(KEYS[i++&1023]!))}
for(const n of names)await run(n)
const s:Record<string,number[]>={},cpu:Record<string,number[]>={}; for(const n of names){s[n]=[];cpu[n]=[]}
for(let r=0;r<R;r++)for(const n of [...names].sort(()=>Math.random()-.5)){const c=process.cpuUsage(),t=performance.now();await run(n);const e=performance.now()-t,u=process.cpuUsage(c);s[n]!.push(C/e*1000);cpu[n]!.push((u.user+u.system)/C)}
const med=(a:number[])=>[...a].sort((x,y)=>x-y)[a.length>>1]!
console.log(names.map(n=>`${n} ${med(s[n]!).toFixed(0)}/s (${med(s[n]!.map((v,i)=>v/(s['get']??s[n])![i]!)).toFixed(3)}) cpu ${med(cpu[n]!).toFixed(1)}`).join('  '))
process.exit(0)
