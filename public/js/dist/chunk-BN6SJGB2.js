import{a as _,b as wt,c as vt,d as yt,e as ie,f as se,g as oe,h as ne,i as re,j as ae,k as le,l as he,m as ce,n as fe,o as Et}from"./chunk-WXKQNJAO.js";import{b as Z}from"./chunk-FKBLOAEK.js";import{a as ue,c as Tt,d as U}from"./chunk-74V2G5BH.js";function de(s){let t=Number.isInteger(s.level)&&s.level>=0&&s.level<64?s.level:0,e=s.tile_size;if(!(Number.isFinite(e)&&e>=1))return null;let i=it(s.tile_shape)??[e,e],o=it(s.image_shape),n=it(s.grid);if(!o&&!n||(o??=n.map((d,f)=>d*i[f]),n??=o.map((d,f)=>Math.ceil(d/i[f])),n=n.map(Math.floor),n.some(d=>d>2147483648)))return null;let r=it(s.base_shape)??o.map(d=>d*2**t),a=[me(r[0],o[0],t),me(r[1],o[1],t)].map((d,f)=>d*i[f]),h=n.map((d,f)=>Math.min(d,o[f]/i[f])),{rects:c,refused:u}=Mt(s.tiles,n),m=Number.isInteger(s.ideal_level)&&s.ideal_level>=0?s.ideal_level:null;return{topic:String(s.topic),time:Number.isFinite(s.time)?s.time:null,level:t,ideal:m,excess:s.excess>0&&s.excess<1/0?s.excess:4**((m??t)-t),base:r,image:o,grid:n,tileSize:e,tile:a,extent:h,box:{x0:0,y0:0,x1:r[1],y1:r[0]},view:di(s.corners),rects:c,refused:u,loading:Mt(s.loading,n).rects,reloaded:Mt(s.reloaded,n).rects,count:Number.isFinite(s.count)?s.count:St(c)}}function me(s,t,e){let i=r=>Math.floor(s/r)<=t&&t<=Math.ceil(s/r),o=2**e;if(i(o))return o;let n=Math.round(s/t);return n>=1&&i(n)?n:s/t}function pe(s,t){if(s===t)return!0;if(!s||!t||!At(s.rects,t.rects))return!1;for(let e=0;e<2;e++)if(s.grid[e]!==t.grid[e]||s.tile[e]!==t.tile[e]||s.extent[e]!==t.extent[e])return!1;return!0}function xe(s,t){return!s||!t?s===t:s.level===t.level&&s.ideal===t.ideal&&At(s.loading,t.loading)&&At(s.reloaded,t.reloaded)}function At(s,t){return s.length===t.length&&s.every((e,i)=>e===t[i])}function ge(s,t,e){return st(s.rects,t,e)}function st(s,t,e){for(let i=0;i<s.length;i+=4)if(t>=s[i]&&t<s[i]+s[i+2]&&e>=s[i+1]&&e<s[i+1]+s[i+3])return!0;return!1}function it(s){return!Array.isArray(s)||s.length!==2?null:s.every(t=>Number.isFinite(t)&&t>0&&t<=Number.MAX_SAFE_INTEGER)?s:null}function di(s){if(!Array.isArray(s)||s.length!==2)return null;let[t,e]=s;return[t,e].every(i=>Array.isArray(i)&&i.length===2&&i.every(Number.isFinite))?{x0:Math.min(t[1],e[1]),y0:Math.min(t[0],e[0]),x1:Math.max(t[1],e[1]),y1:Math.max(t[0],e[0])}:null}function Mt(s,t){if(!Array.isArray(s))return{rects:new Float64Array(0),refused:0};let e=new Float64Array(s.length-s.length%4),i=0;for(let o=0;o+3<s.length;o+=4){let n=s[o],r=s[o+1],l=n+s[o+2],a=r+s[o+3];if(!(Number.isSafeInteger(n)&&Number.isSafeInteger(r)&&Number.isSafeInteger(l)&&Number.isSafeInteger(a)))continue;let h=Math.max(n,0),c=Math.max(r,0),u=Math.min(l,t[0])-h,m=Math.min(a,t[1])-c;u<1||m<1||(e[i++]=h,e[i++]=c,e[i++]=u,e[i++]=m)}return{rects:e.subarray(0,i),refused:Math.ceil(s.length/4)-i/4}}function St(s){let t=0;for(let e=0;e<s.length;e+=4)t+=s[e+2]*s[e+3];return t}var pi=2e3,xi={empty:"No tiles yet.",paused:"Paused",stale:"Not up to date",lost:"The graphics were interrupted; the picture comes back by itself.",unsupported:"This browser has no WebGL2, so there is no picture here. The table shows the same in numbers."},nt=class{#t;#i;#e;#o=0;#s="";constructor(t,e){this.#t=t,this.#i=e,this.#e=t.closest("[data-viewer-scope]")??t.ownerDocument}get scope(){return this.#e}state(t){if(this.#t.dataset.state===t)return;this.#t.dataset.state=t;let e=this.#t.querySelector("[data-viewer-note]");if(!e)return;let i=this.#t.getAttribute(`data-note-${t}`)??xi[t]??"";e.textContent=i,e.hidden=i===""}say(t){let e=this.#t.querySelector("[data-viewer-note]");e&&(e.textContent=t,e.hidden=!1)}painted(t,e){this.#t.dataset.frames=String(t),e&&(this.#t.dataset.ready="true")}pictured(t){this.#t.dataset.pictures=String(t)}follow(t){for(let e of this.#e.querySelectorAll("[data-viewer-action=follow]"))e.setAttribute("aria-pressed",String(t))}readout(t,e){let i=this.#e.querySelector("[data-viewer-readout]");if(!i)return;let o=t&&e?gi(t,e[0],e[1]):"";i.textContent!==o&&(i.textContent=o)}label(t){if(this.#o!==0)return;let e=()=>{let i=t();i!==this.#s&&this.#i.setAttribute("aria-label",i),this.#s=i};this.#s===""&&e(),this.#o=setTimeout(()=>{this.#o=0,e()},pi)}destroy(){clearTimeout(this.#o)}};function gi(s,t,e){let i=u=>String(Math.floor(u)),o=(u,m)=>i(u).padStart(i(m).length,"\u2007"),n=`y ${o(e,s.base[0])}  x ${o(t,s.base[1])}`,r=Math.floor(e/s.tile[0]),l=Math.floor(t/s.tile[1]);if(e<0||t<0||e/s.tile[0]>=s.extent[0]||t/s.tile[1]>=s.extent[1])return`${n}  outside the image`;let h=`row ${o(r,s.grid[0])}  column ${o(l,s.grid[1])}`,c=[ge(s,r,l)?"drawn":"not drawn"];return st(s.loading,r,l)&&c.push("loading"),st(s.reloaded,r,l)&&c.push("loaded again without need"),`${n}  ${h}  ${c.join(", ")}`}function be(s){if(!s)return"Tile viewer, no tiles yet";let[t,e]=s.grid,i=t*e,o=s.view?`; the view shows rows ${ot(s.view.y0)} to ${ot(s.view.y1)}, columns ${ot(s.view.x0)} to ${ot(s.view.x1)} of the data`:"",n=_t(s),r=[[s.loading,"loading"],[s.reloaded,"loaded again without need"]].filter(([l])=>l.length>0).map(([l,a])=>`, ${St(l)} ${a}`).join("");return`Tile viewer, level ${s.level}${n&&`, ${n}`}: ${s.count} of ${i} tiles drawn${r}, ${t} rows by ${e} columns${o}`}function _t({level:s,ideal:t,excess:e}){if(t===null||t===s)return"";let i=Math.max(Math.round(e>=1?e:1/e),2);return`the screen would need ${t}: ${i}x ${e>=1?"more":"fewer"} pixels than needed`}function ot(s){return Math.round(s)}function ve(s){return Math.max(0,Math.ceil(-Math.log2(s)))}function bi(s,t){return Math.min(.05,4*t/s)}function wi(s){let t=Math.min(Math.max((s-2)/2,0),1);return t*t*(3-2*t)}function It(s,t,e,i){let o=Math.floor(s),n=Math.ceil(t)-1,r=1,l=e/2;return o>=n&&t-n<1&&(r=t-n,l=Math.min(l,r*.25)),(o*(1-e)+Math.min(Math.max(s-o-l,0),r-2*l))*i+s*(1-e)*(1-i)}function Nt(s,t,e,i){let{centre:o,scale:n,tile:r,extent:l,detail:a,anchor:h}=i,c=r*n,u=bi(c,i.ratio),m=wi(c),d=2**a,f=Math.floor(o/r),p=1/c,x=(o-f*r)/r-e/2*p,g=-f,w=l-f;for(let E=0;E<e;E++,t+=4){let y=Math.max(x+E*p,g),b=Math.min(x+(E+1)*p,w);if(b>y){let M=Math.floor((f+Math.floor(y))/d),T=(M+1)*d-f,v=It(y,w,u,m),C=It(Math.min(b,T),w,u,m),q=b>T?It(b,w,u,m)-C:0;s[t]=M-h,s[t+1]=yi((C-v)*c,q*c),s[t+2]=1073741824}else s[t]=0,s[t+1]=0,s[t+2]=0;s[t+3]=0}i.view&&vi(s,t-e*4,e,i)}function vi(s,t,e,i){let{centre:o,scale:n,view:r,edge:l,casing:a}=i,h=(r[0]-o)*n+e/2,c=(r[1]-o)*n+e/2,u=l/2,m=Math.max(Math.floor(h-u-a),0),d=Math.min(Math.ceil(c+u+a),e);for(let f=m;f<d;f++){let p=t+f*4;s[p+2]|=Rt(f,h-u-a,c+u+a)|Rt(f,h-u,c+u)<<10|Rt(f,h+u,c-u)<<20}}function Lt(s,t,e,{detail:i,anchor:o},n,r){let l=2**i,a=Math.min(n.length/4,16),h=NaN,c=0;for(let u=0;u<e;u++,t+=4)if(s[t+1]!==0){if(s[t]!==h){h=s[t],c=0;let m=(h+o)*l;for(let d=0;d<a;d++){let f=n[d*4+r],p=f+n[d*4+2+r];f<m+l&&p>m&&(c|=1<<d),f<m+2*l&&p>m+l&&(c|=1<<d+16)}c>>>=0}s[t+3]=c}}function Rt(s,t,e){return Math.round(Math.max(Math.min(s+1,e)-Math.max(s,t),0)*1023)}function yi(s,t){return(we(s)|we(t)<<16)>>>0}function we(s){return Math.round(Math.min(Math.max(s,0),1)*65535)}function Ot(s,{centre:t,scale:e,tile:i,extent:o,detail:n}){let r=2**n,l=s/2/e,a=Math.max((t-l)/i,0),h=Math.min((t+l)/i,o);if(!(h>a))return null;let c=Math.ceil(Math.ceil(o)/r)-1;return[Math.max(Math.floor(a/r)-1,0),Math.min(Math.floor(h/r)+1,c)]}var j=14,G=1<<j,ye=4096,K=16,Pt=G/2-K,R=4,Dt=1,Ft=2654435761,J=9,Ee=12,Me=20,As=1<<Me-1,kt=128,z=kt/32,Ei=16;function Ae(s){let t=[],e=s.length/4<=16;for(let a=0;a<s.length;a+=4)(e||s[a+2]*s[a+3]>=Ei)&&t.push(a);t.length>kt&&(t.sort((a,h)=>s[h+2]*s[h+3]-s[a+2]*s[a+3]),t.length=kt);let i=new Set(t),o=new Float64Array(t.length*4),n=new Float64Array(s.length-o.length),r=0,l=0;for(let a=0;a<s.length;a+=4)if(i.size>0&&i.has(a))for(let h=0;h<4;h++)o[r++]=s[a+h];else for(let h=0;h<4;h++)n[l++]=s[a+h];return{bands:o,rest:n}}function Ut(s,t,e,i,o,n,r){s.fill(0,t,t+n*z);let l=2**r;for(let a=0;a<e.length/4;a++){let h=e[a*4+i],c=h+e[a*4+2+i],u=Math.max(Math.floor(h/l)-o,0),m=Math.min(Math.ceil(c/l)-o,n),d=1<<(a&31);for(let f=u,p=t+u*z+(a>>5);f<m;f++,p+=z)s[p]|=d}}function zt(s,t,e){if(e!==null&&s>=e&&t<e+G)return e;let i=Math.floor((s+t)/2);return Math.max(0,Math.floor((i-G/2)/ye)*ye)}function Te(s,t){return Math.imul(s,Ft)>>>t}var rt=class{constructor(){this.#t(Ee),this.coarse=0}entries;shift;count;probes;bounds;build(t,e,i,o){for(this.coarse=0;;this.coarse++)if(this.#t(Ee),this.#i(t,e,i,o))return this}lookup(t,e){let i=t>>this.coarse<<j|e>>this.coarse,o=this.entries.length-1;for(let n=Te(i,this.shift),r=0;r<this.probes;n=n+1&o,r++){let l=this.entries[n];if(l===0)return 0;if(l>>>R===i)return l&(1<<R)-1}return 0}#t(t){let e=1<<t;this.entries&&this.entries.length===e?this.entries.fill(0):this.entries=new Uint32Array(e),this.shift=32-t,this.count=0,this.probes=1,this.bounds=[G,G,-1,-1]}#i(t,e,i,o){let n=2**e;for(let r=0;r<t.length;r+=4){let l=d=>Math.min(Math.max(d,0),G),a=l(Math.floor(t[r]/n)-i)>>this.coarse,h=l(Math.floor(t[r+1]/n)-o)>>this.coarse,c=l(Math.ceil((t[r]+t[r+2])/n)-i)-1>>this.coarse,u=l(Math.ceil((t[r+1]+t[r+3])/n)-o)-1>>this.coarse;if(c<a||u<h)continue;for(let d=a;d<=c;d++)for(let f=h;f<=u;f++)if(this.#e(d<<j|f,Dt),this.count*2>this.entries.length&&!this.#o())return!1;let m=this.bounds;this.bounds=[Math.min(m[0],a),Math.min(m[1],h),Math.max(m[2],c),Math.max(m[3],u)]}return!0}#e(t,e){let i=this.entries,o=i.length-1,n=Te(t,this.shift);for(let r=1;;n=n+1&o,r++){let l=i[n];if(!(l!==0&&l>>>R!==t)){l===0&&(this.count++,r>this.probes&&(this.probes=r)),e>(l&(1<<R)-1)&&(i[n]=(t<<R|e)>>>0);return}}}#o(){let t=33-this.shift;if(t>Me)return!1;let e=this.entries,i=this.bounds;this.#t(t),this.bounds=i;for(let o of e)o!==0&&this.#e(o>>>R,o&(1<<R)-1);return!0}};function P([s,t,e,i,o,n],r,l){return[s*r+t*l+e,i*r+o*l+n]}function $t(s,t){let[e,i,o,n,r,l]=s,[a,h,c,u,m,d]=t;return[e*a+i*u,e*h+i*m,e*c+i*d+o,n*a+r*u,n*h+r*m,n*c+r*d+l]}function $([s,t,e,i,o,n]){let r=s*o-t*i;if(!Number.isFinite(1/r))return null;let[l,a,h,c]=[o/r,-t/r,-i/r,s/r],u=[l,a,-(l*e+a*n),h,c,-(h*e+c*n)];return u.every(Number.isFinite)?u:null}function Se(s){let t=a=>Array.isArray(a)&&a.length===3&&a.every(Number.isFinite);if(!Array.isArray(s)||s.length!==2||!s.every(t))return null;let[[e,i,o],[n,r,l]]=s;return[r,n,l,i,e,o]}function _e(s,t,e,i,o){let n=[P(s,t,e),P(s,i,e),P(s,t,o),P(s,i,o)],[r,l]=[n.map(([a])=>a),n.map(([,a])=>a)];return{x0:Math.min(...r),y0:Math.min(...l),x1:Math.max(...r),y1:Math.max(...l)}}var Ie={gray:"000000ffffff",green:"00000000ff00",magenta:"000000ff00ff",red:"000000ff0000",blue:"0000000000ff",cyan:"00000000ffff",yellow:"000000ffff00",gray_r:"ffffff000000",bop_blue:"00000020adf8",bop_orange:"000000f8ad20",bop_purple:"000000942094",i_blue:"ffffff0033cc",i_bordeaux:"ffffffcc0033",i_forest:"ffffff009900",i_orange:"ffffffff7500",i_purple:"ffffff7500ff",ice:"0000ffffffff",hilo:"000000ffffff",fire:"ffffffffffbfffff80ffff40ffff00ffbf00ff8000ff4000ff0000",viridis:"440154470d6048186a482374472d7b4536814240863f49893b528b375a8d33638d2f6a8e2c728e297a8e26818e23898e21908c1f988b1f9f8821a68528ae8031b57b3ebc744cc26c5dc9636ece5882d34c96d83fabdc32c0df24d5e21aeae51afde725",magma:"0000040303110a0822130d331d114628115a36106a430f7650127c5d177f691c817621818226818f2a819c2e7fa9327db63779c33b75cf4170db486ae65163ee5c5ef5695cf9785dfb8761fd9668fea571feb47bfec387fed194fde0a2fceeb0fcfdbf",inferno:"0000040403120b0724150b37210c4a2e0a5a3c09654a0c6b57106d63146e70196e7d1e6d89226a962766a32b61af315cbb3755c63e4dd14644db4f3be35932eb6528f1711ef67f14f98d0afb9c06fcab0ffbba1ff9ca32f5d949f2e865f3f586fcffa4",plasma:"0d08872206903105963f049c4c02a15901a56600a77201a87e03a88909a69511a29f1a9ca92396b22c8ebb3587c33e80cb4778d25071d9596ae06263e66c5ceb7555f07f4ff48a48f89441fb9f3afdab33feb72dfdc328fcd025f9dd25f5eb27f0f921",turbo:"30123b392a734040a14456c7466be3467ff64293ff37a7fa29bbec1dcdd818dcc31ee8b031f2994cf97e6bfd648aff4da3fd3cb8f735cced34dee037edd03af8c03afdae35fe982cfb8022f56817ec520fe04009d23105c02302ac1701950d017a0403",twilight:"e2d9e2d6d7ddc2ced4aac2cc94b4c781a6c37296c16886be6275ba5f63b55e50ac5d3da0592a8f511b7745135c3811453014373a113a4b134260184a751e4f882850993550a74550b25752bc6958c37d63c89073cca489d2b6a3d9c7bfdfd4d6e2d9e2",gist_earth:"0000000502740b15751027771538781b497a20587b25667d2a737e30808034847637896c3b8e633f925943974f4b9b465da04b6ea4507ea8538bab5698af58a5b25bb3b65db9b260bdab62c0a565c8a677d0ad8ad9b59ee2c2b3ebd1cbf4e4e3fdfbfb",PiYG:"8e01529f095fb0116dc2197acb3289d34f99db6ba8e283b6e796c4edaad2f2bbddf6c8e3fad5eafde1f0fbe9f2f9f0f5f7f7f7f2f6ebecf6dfe7f5d2dbf0becceaa6bee48fadda799ccf648ac34e79b73d69aa335a9d294b8f213f811e33721b276419",hsv:"ff0000ff2f00ff5e00ff8d00ffbc00ffeb00e4ff00b5ff0085ff0056ff0027ff0003ff0a00ff3700ff6600ff9500ffc400fff300dcff00adff007eff004fff0020ff0f00ff3f00ff6e00ff9d00ffcc00fff800fdff00d4ff00a5ff0076ff0047ff0018"},Ti=[["gray","gray"],["green","green"],["magenta","magenta"],["red","red"],["blue","blue"],["cyan","cyan"],["yellow","yellow"],["viridis","viridis"],["magma","magma"],["inferno","inferno"],["plasma","plasma"],["turbo","turbo"],["twilight","twilight"],["PiYG","PiYG"],["gist_earth","gist earth"],["hsv","hsv"],["hilo","high and low marked"],["bop_blue","bop blue"],["bop_orange","bop orange"],["bop_purple","bop purple"],["i_blue","I Blue"],["i_bordeaux","I Bordeaux"],["i_forest","I Forest"],["i_orange","I Orange"],["i_purple","I Purple"],["ice","ice"],["fire","fire"],["gray_r","gray, reversed"]],Is=["magenta","green","cyan","yellow","red","blue"],Mi=new Map(Ti.map(([s])=>[s.toLowerCase(),s])),Ai=new Map([["grey","gray"],["grays","gray"],["greys","gray"],["gray_r","gray_r"],["twilight_shifted","twilight"],["piyg","PiYG"],["colormap_hilo","hilo"]]);function W(s){if(typeof s!="string")return null;let t=s.trim().toLowerCase().replace(/[\s-]+/g,"_");return Mi.get(t)??Ai.get(t)??null}function at(s,t=!1){let e=new Uint8Array(1024),i=/^#[0-9a-f]{6}$/i.test(s)?`000000${s.slice(1)}`:Ie[W(s)??"gray"]??Ie.gray,o=[];for(let r=0;r<i.length;r+=2)o.push(parseInt(i.slice(r,r+2),16));let n=o.length/3-1;for(let r=0;r<256;r++){let l=(t?255-r:r)/255*n,a=Math.min(Math.floor(l),n-1);for(let h=0;h<3;h++){let c=o[a*3+h];e[r*4+h]=Math.round(c+(o[a*3+3+h]-c)*(l-a))}e[r*4+3]=255}return W(s)==="hilo"&&(e.set([0,0,255],t?1020:0),e.set([255,0,0],t?0:1020)),e}var Bt=2654435761,Ct=2246822519;function Re(s){let t,e;if(typeof s=="bigint")t=Number(s&0xffffffffn),e=Number(s>>32n&0xffffffffn);else{let o=Math.trunc(s);if(!(o>=-(2**63)&&o<2**63))return 0;t=o>>>0,e=Math.floor(o/2**32)>>>0}if(t===0&&e===0)return 0;let i=t+Math.imul(e,Ct)>>>0;return 1+(Math.imul(i,Bt)>>>16)%255}function Ne(){let s=new Uint8Array(1024);for(let t=1;t<256;t++){let e=t*137.50776405%360,i=[.55,.7,.42][t%3],o=.75,n=r=>{let l=(r+e/30)%12;return Math.round(255*(i-o*Math.min(i,1-i)*Math.max(-1,Math.min(l-3,9-l,1))))};s.set([n(0),n(8),n(4),255],t*4)}return s}var Si=`
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp usampler2D;

#ifdef INTEGER
uniform usampler2D picture;
#else
uniform sampler2D picture;
#endif
uniform sampler2D colors;
uniform int height;     // of the screen, device pixels
uniform vec2 centre;    // of the screen, device pixels
uniform vec4 edge;      // of the picture on the screen: left, top, right, bottom, device pixels
uniform ivec2 size;     // texels
uniform ivec2 home;     // texel under the centre
uniform vec2 rest;      // where in that texel the centre is
uniform vec2 texels;    // along a device pixel
uniform bool smoothly;
uniform vec2 limits;    // low, and 1 / (high - low)
#ifdef WIDE
uniform uint zero;      // what whole numbers of 32 bits are counted from, before they become floats; low is, too
#endif
uniform bool negative;  // whole numbers have a sign
uniform float gamma;
uniform float opacity;
uniform float opaque;   // the alpha sample that means opaque; 0: there is no alpha
uniform vec4 veil;      // colour, and how much of it lies over the picture
#ifdef PLACED
uniform mat2 turn;      // from device pixels about the centre to texels
uniform vec2 last;      // how much of the last texels there is: a frame that the step does not divide
uniform bool steps;     // the colours of the table are not blended
uniform vec4 over;      // colour from the upper limit on; alpha less than 0: that of the table
uniform vec4 under;
uniform vec4 none;      // colour of what is no number
uniform bool hollow;    // a finer picture lies over a part of it, which is left out
uniform mat2 holeTurn;  // as turn, size, home, rest and last of that picture
uniform ivec2 holeSize;
uniform ivec2 holeHome;
uniform vec2 holeRest;
uniform vec2 holeLast;
#endif
#ifdef ANGLES
uniform sampler2D weights;
uniform float weighing; // a weight times this is how much is seen of an angle; 0: all of it
uniform float lines;    // of equal angle in a full turn
uniform float ratio;    // device pixels a CSS pixel
#endif

out vec4 color;

#ifdef WIDE
float fromZero(uint value) {
  bool below = negative ? int(value) < int(zero) : value < zero;
  return below ? -float(zero - value) : float(value - zero);
}
#endif

// The samples of a texel, and in known whether it has a value: not if it is NaN.
vec4 texel(ivec2 at, out float known) {
  at = clamp(at, ivec2(0), size - 1);
#ifdef INTEGER
  known = 1.0;
  uvec4 whole = texelFetch(picture, at, 0);
#ifdef WIDE
  return vec4(fromZero(whole.x), fromZero(whole.y), fromZero(whole.z), fromZero(whole.w));
#else
  return vec4(whole);
#endif
#else
  vec4 value = texelFetch(picture, at, 0);
  // By the bits: drivers may take isnan away.
#ifdef COLOR
  uvec4 bits = floatBitsToUint(value) & 0x7fffffffu;
#ifdef PLACED
  // As napari: a colour without a number is the lowest, and an alpha without one transparent.
  known = 1.0;
  return clamp(mix(value, vec4(-1e37, -1e37, -1e37, 0), greaterThan(bits, uvec4(0x7f800000u))), -1e37, 1e37);
#endif
  known = max(max(bits.x, bits.y), max(bits.z, bits.w)) > 0x7f800000u ? 0.0 : 1.0;
#else
  known = (floatBitsToUint(value.x) & 0x7fffffffu) > 0x7f800000u ? 0.0 : 1.0;
#endif
  return known > 0.0 ? clamp(value, -1e37, 1e37) : vec4(0);
#endif
}

#ifdef ANGLES
const float TURN = 6.283185307179586;

// A direction with the weight of its texel: (cos, sin) times it. Nothing where there is no number.
vec3 direction(ivec2 at) {
  float known;
  float angle = texel(at, known).x;
  float weight = weighing > 0.0 ? clamp(texelFetch(weights, clamp(at, ivec2(0), size - 1), 0).x * weighing, 0.0, 1.0) : 1.0;
  return known > 0.0 ? vec3(cos(angle), sin(angle), weight) : vec3(0);
}
#endif

#ifdef LABELS
// Labels are whole numbers all the way, or entries of the table.
vec4 labelAt(ivec2 at) {
  uint label = texelFetch(picture, clamp(at, ivec2(0), size - 1), 0).x;
#ifdef PLACED
  return texelFetch(colors, ivec2(int(label) & ${255}, int(label) >> 8), 0);
#endif
#ifdef ENTRIES
  int entry = int(label);
#else
  uint upper = negative && int(label) < 0 ? 0xffffffffu : 0u;
  int entry = label == 0u ? 0 : 1 + int(((label + upper * ${Ct}u) * ${Bt}u >> 16) % ${255}u);
#endif
  return texelFetch(colors, ivec2(entry, 0), 0);
}
#endif

vec4 look(vec4 value) {
  vec4 share = clamp((value - limits.x) * limits.y, 0.0, 1.0);
#ifdef COLOR
  if (gamma != 1.0) share = pow(share, vec4(gamma));
  return vec4(share.rgb, opaque > 0.0 ? clamp(value.a / opaque, 0.0, 1.0) : 1.0);
#else
  float at = (gamma == 1.0 ? share.x : pow(share.x, gamma)) * ${255}.0;
  int below = min(int(at), ${254});
  return mix(texelFetch(colors, ivec2(below, 0), 0), texelFetch(colors, ivec2(below + 1, 0), 0), at - float(below));
#endif
}

#ifdef PLACED
#ifndef LABELS
// As napari's own shader colours a value.
vec4 drawn(vec4 value, bool isNumber) {
  vec4 share = clamp((value - limits.x) * limits.y, 0.0, 1.0);
#ifdef COLOR
  if (gamma != 1.0) share = pow(share, vec4(gamma));
  return vec4(share.rgb, opaque > 0.0 ? value.a / opaque : 1.0);
#else
  if (!isNumber) return none;
  float t = gamma == 1.0 ? share.x : pow(share.x, gamma);
  if (t >= 1.0 && over.a >= 0.0) return over;
  if (t <= 0.0 && under.a >= 0.0) return under;
  if (steps) return texelFetch(colors, ivec2(min(int(t * ${256}.0), ${255}), 0), 0);
  float at = t * ${255}.0;
  int below = min(int(at), ${254});
  return mix(texelFetch(colors, ivec2(below, 0), 0), texelFetch(colors, ivec2(below + 1, 0), 0), at - float(below));
#endif
}
#endif

// Whether a place lies on a picture: texel is where it falls, parts how much of the last ones there is.
bool within(ivec2 on, vec2 t, ivec2 texels, vec2 parts) {
  if (on.x < 0 || on.y < 0 || on.x >= texels.x || on.y >= texels.y) return false;
  return !(on.x == texels.x - 1 && fract(t.x) >= parts.x || on.y == texels.y - 1 && fract(t.y) >= parts.y);
}

// A picture that lies in any way. A pixel is drawn where its middle is in the picture, and what it becomes with what lies below is
// said by the blending: its colour is not multiplied by its alpha.
void main() {
  vec2 at = vec2(gl_FragCoord.x, float(height) - gl_FragCoord.y);
  vec2 t = turn * (at - centre) + rest;
  ivec2 on = home + ivec2(floor(t));
  if (!within(on, t, size, last)) discard;
  if (hollow) {
    vec2 h = holeTurn * (at - centre) + holeRest;
    if (within(holeHome + ivec2(floor(h)), h, holeSize, holeLast)) discard;
  }
#ifdef LABELS
  vec4 result = labelAt(on);
#else
  float known;
  vec4 value;
  if (smoothly) {
    vec2 corner = floor(t - 0.5);
    vec2 f = t - 0.5 - corner;
    ivec2 first = home + ivec2(corner);
    vec4 one;
    vec4 a = texel(first, one.x);
    vec4 b = texel(first + ivec2(1, 0), one.y);
    vec4 c = texel(first + ivec2(0, 1), one.z);
    vec4 d = texel(first + ivec2(1, 1), one.w);
    value = mix(mix(a, b, f.x), mix(c, d, f.x), f.y);
    known = min(min(one.x, one.y), min(one.z, one.w));
  } else {
    value = texel(on, known);
  }
  vec4 result = drawn(value, known > 0.0);
#endif
  color = vec4(mix(result.rgb, veil.rgb, veil.a), clamp(result.a * opacity, 0.0, 1.0));
}
#else
void main() {
  vec2 at = vec2(gl_FragCoord.x, float(height) - gl_FragCoord.y);
  vec2 cover = clamp(min(at + 0.5, edge.zw) - max(at - 0.5, edge.xy), 0.0, 1.0);
  vec2 t = (at - centre) * texels + rest;
#ifdef ANGLES
  vec2 corner = floor(t - 0.5);
  vec2 f = t - 0.5 - corner;
  ivec2 first = home + ivec2(corner);
#ifdef CONTOURS
  bool blended = true;
#else
  bool blended = smoothly;
#endif
  vec3 a = direction(blended ? first : home + ivec2(floor(t)));
  vec3 z = a;
  vec2 turn = vec2(0);   // how fast the angle changes, radians a device pixel across and down
  if (blended) {
    vec3 b = direction(first + ivec2(1, 0));
    vec3 c = direction(first + ivec2(0, 1));
    vec3 d = direction(first + ivec2(1, 1));
    z = mix(mix(a, b, f.x), mix(c, d, f.x), f.y);
    vec2 right = mix(b.xy - a.xy, d.xy - c.xy, f.y) * texels.x;
    vec2 down = mix(c.xy - a.xy, d.xy - b.xy, f.x) * texels.y;
    turn = vec2(z.x * right.y - z.y * right.x, z.x * down.y - z.y * down.x) / max(dot(z.xy, z.xy), 1e-6);
  }
  float angle = dot(z.xy, z.xy) > 1e-12 ? atan(z.y, z.x) : 0.0;
#ifdef CONTOURS
  // How far the next line is, device pixels; where lines lie closer than they are wide they would fill everything.
  float among = angle / TURN * lines;
  float pace = length(turn) / TURN * lines;
  float away = abs(fract(among + 0.5) - 0.5) / max(pace, 1e-9);
  float room = 1.0 / max(pace, 1e-9) / ratio;
  float core = clamp(0.55 * ratio + 0.5 - away, 0.0, 1.0);
  float casing = clamp(1.35 * ratio + 0.5 - away, 0.0, 1.0) * 0.55;
  float seen = smoothstep(2.5, 6.0, room) * z.z * opacity * cover.x * cover.y;
  float alpha = max(core, casing) * seen;
  vec3 rgb = vec3(core / max(max(core, casing), 1e-6));
  color = vec4(mix(rgb, veil.rgb, veil.a) * alpha, alpha);
#else
  // The table goes round once: its last colour stands beside its first.
  float at256 = fract(angle / TURN + 0.5) * ${256}.0;
  int below = int(at256) % ${256};
  vec4 hue = mix(texelFetch(colors, ivec2(below, 0), 0), texelFetch(colors, ivec2((below + 1) % ${256}, 0), 0), fract(at256));
  float alpha = opacity * cover.x * cover.y;
  color = vec4(mix(hue.rgb * z.z, veil.rgb, veil.a) * alpha, alpha);
#endif
}
#else
#ifdef LABELS
  float known = 1.0;
  vec4 result = labelAt(home + ivec2(floor(t)));
#else
  float known;
  vec4 value;
  if (smoothly) {
    vec2 corner = floor(t - 0.5);
    vec2 f = t - 0.5 - corner;
    ivec2 first = home + ivec2(corner);
    vec4 one;
    vec4 a = texel(first, one.x);
    vec4 b = texel(first + ivec2(1, 0), one.y);
    vec4 c = texel(first + ivec2(0, 1), one.z);
    vec4 d = texel(first + ivec2(1, 1), one.w);
#ifdef INTEGER
    value = mix(mix(a, b, f.x), mix(c, d, f.x), f.y);
    known = 1.0;
#else
    vec4 w = one * vec4((1.0 - f.x) * (1.0 - f.y), f.x * (1.0 - f.y), (1.0 - f.x) * f.y, f.x * f.y);
    float sum = w.x + w.y + w.z + w.w;
    known = sum > 0.001 ? sum : 0.0;
    value = (a * w.x + b * w.y + c * w.z + d * w.w) / max(sum, 0.001);
#endif
  } else {
    value = texel(home + ivec2(floor(t)), known);
  }
  vec4 result = look(value);
#endif
  float alpha = result.a * known * opacity * cover.x * cover.y;
  color = vec4(mix(result.rgb, veil.rgb, veil.a) * alpha, alpha);
}
#endif
#endif
`;function Le(s,t,e=!1){return`#version 300 es
${[s!=="float"&&"INTEGER",s==="wide"&&"WIDE",s==="entries"&&"ENTRIES",t==="color"&&"COLOR",t==="labels"&&"LABELS",(t==="phase"||t==="contours")&&"ANGLES",t==="contours"&&"CONTOURS",e&&"PLACED"].filter(Boolean).map(o=>`#define ${o}
`).join("")}${Si}`}function Wt(s,{contour:t=0,selection:e=null,dtype:i=""}){let o=Math.min(s.rgba.length>>2,65535),n=new Uint8Array((o+1)*4);n.set(s.rgba.subarray(0,o*4));let r=o,l=Number(i.slice(2))>2,a=i[1]!=="u",h=Number(i.slice(2))*8,c=Gt(s.background??"0"),u=e==null?null:Gt(e);if(s.kind==="direct"){let x=new Map(s.labels.slice(0,o-1).map((w,E)=>[Gt(w),E+1]));return{table:n,clear:r,contour:t,background:c,entryOf:w=>u!==null&&w!==u?r:x.get(w)??0}}let m=o-1,d=x=>{if(x===c)return 0;let g=typeof x=="bigint"?Number((x-1n)%BigInt(m)):(x-1)%m;return g<0&&(g=!a&&x===0?Number((2n**BigInt(h)-1n)%BigInt(m)):g+m),g+1},f=u===null?null:d(u);return{table:n,clear:r,contour:t,background:c,entryOf:x=>{let g=d(x);return g===0||u!==null&&(l?g!==f:x!==u)?r:g}}}function Oe({rows:s,cols:t,step:e,type:i,data:o},{contour:n,background:r,entryOf:l}){let a=i==="u8"||i==="i8"?Array.from(o,ke):o,h=new Uint16Array(a.length),c=n>0?_i(a,s,t,Math.min(Math.max(Math.round(n/e),1),64)):null,u=new Map,m,d=0;for(let f=0;f<h.length;f++){let p=c&&!c[f]?r:a[f];(p!==m||f===0)&&(m=p,d=u.get(p),d===void 0&&u.set(p,d=l(typeof p=="number"?Math.trunc(p):p))),h[f]=d}return h}function _i(s,t,e,i){let o=(h,c)=>h*e+c,n=(h,c)=>{let u=h.slice();for(let m=0;m<t;m++)for(let d=0;d<e;d++){let f=o(m,d),p=h[f];m>0&&c(h[f-e],p)&&(p=h[f-e]),m<t-1&&c(h[f+e],p)&&(p=h[f+e]),d>0&&c(h[f-1],p)&&(p=h[f-1]),d<e-1&&c(h[f+1],p)&&(p=h[f+1]),u[f]=p}return u},r=n(s,(h,c)=>h>c),l=s;for(let h=0;h<i;h++)l=n(l,(c,u)=>c<u);let a=new Uint8Array(t*e);for(let h=0;h<a.length;h++)a[h]=r[h]===l[h]?0:1;return a}function Gt(s){return ke(BigInt(s))}function ke(s){let t=Number(s);return Number.isSafeInteger(t)?t:s}var Vt=3,Xt=4,Pe=5,Ii=2,lt=1e6,De=["","RED","RG","RGB","RGBA"],Ri=["","R","RG","RGB","RGBA"],V={u1:{suffix:"8UI",store:"integer",type:"UNSIGNED_BYTE"},u2:{suffix:"16UI",store:"integer",type:"UNSIGNED_SHORT"},u4:{suffix:"32UI",store:"wide",type:"UNSIGNED_INT"},i4:{suffix:"32UI",store:"wide",type:"UNSIGNED_INT",negative:!0},f4:{suffix:"32F",store:"float",type:"FLOAT"},entries:{suffix:"8UI",store:"entries",type:"UNSIGNED_BYTE"},painted:{suffix:"16UI",store:"entries",type:"UNSIGNED_SHORT"}},Ht={translucent:{from:"SRC_ALPHA",to:"ONE_MINUS_SRC_ALPHA"},translucent_no_depth:{from:"SRC_ALPHA",to:"ONE_MINUS_SRC_ALPHA"},additive:{from:"SRC_ALPHA",to:"DST_ALPHA"},multiplicative:{from:"DST_COLOR",to:"ZERO"},minimum:{equation:"MIN",from:"ONE",to:"ONE"},opaque:{from:"ONE",to:"ZERO"}},Ni={additive:{from:"SRC_ALPHA",to:"ZERO"},minimum:{from:"ONE",to:"ZERO"}},Yt=256,Li={u4:[0,2**32-1],i4:[-(2**31),2**31-1]};function Q(s){return{u1:255,u2:65535}[s]??1}function Fe(s){return s.full>0?s.full:Q(s.type)}function Ue(s,{kind:t,low:e,high:i,painting:o}){let{type:n,data:r}=s;if(t==="labels"&&o)return{type:"painted",relative:!1,make:()=>Oe(s,o)};if(t==="labels")return V[n]&&n!=="f4"?{type:n,relative:!1,make:()=>n==="i4"?ze(r):r}:{type:"entries",relative:!1,make:()=>Uint8Array.from(r,Re)};if(V[n]&&n!=="f4")return{type:n,relative:!1,make:()=>n==="i4"?ze(r):r};let l=t==="scalar"&&(n==="i8"||n==="u8"||U(e,i));return l?{type:"f4",relative:l,make:()=>Oi(s,e,i)}:{type:"f4",relative:l,make:()=>n==="f4"?r:Float32Array.from(r,Number)}}function ze({buffer:s,byteOffset:t,length:e}){return new Uint32Array(s,t,e)}function Oi(s,t,e){let{base:i,data:o}=ue(s),n=Tt(t,i),r=Tt(e,i),l=new Float32Array(o.length),a=r-n<1/0?1:.25,h=r*a-n*a||Number.MIN_VALUE;for(let c=0;c<l.length;c++)l[c]=(o[c]*a-n*a)/h;return l}var ki=null,ht=class{#t;#i;#e=new Map;#o=new Map;#s=[];constructor(t,e){this.#t=t,this.#i=e}get any(){return this.#s.length>0}restore(){this.#e.clear();for(let t of this.#o.values())Object.assign(t,{texture:null,frame:null,colors:null,table:null})}set(t){this.#s=[];let e=new Set;for(let i of t){e.add(i.key),this.#o.has(i.key)||this.#o.set(i.key,{texture:null,frame:null,colors:null,table:null});let o=this.#o.get(i.key);o.picture=i,this.#s.push(o)}for(let[i,o]of this.#o)e.has(i)||(this.#f(o),this.#o.delete(i))}draw(t){let e=this.#t;e.enable(e.BLEND),e.enable(e.SCISSOR_TEST);let i=null;for(let o of this.#s){let{frame:n}=o.picture;if(n.rows===0||n.cols===0||!(o.picture.look.opacity>0))continue;let r=o.picture.place.affine?this.#c(o,t):this.#h(o,t);r&&(i=i?[Math.min(r[0],i[0]),Math.min(r[1],i[1]),Math.max(r[2],i[2]),Math.max(r[3],i[3])]:r)}return e.disable(e.SCISSOR_TEST),e.disable(e.BLEND),i}destroy(){for(let t of this.#o.values())this.#f(t);this.#o.clear(),this.#s=[];for(let t of this.#e.values())this.#t.deleteProgram(t.name);this.#e.clear()}#h(t,{width:e,height:i,viewport:o,camera:n,canvas:r,dim:l}){let a=this.#t,{frame:h,place:c,look:u}=t.picture,m=e/o.width,d=i/o.height,f=Ce(c.x,c.width,c.right,n.x,n.scale*m,e),p=Ce(c.y,c.height,c.bottom,n.y,n.scale*d,i),x=Math.max(Math.floor(f.low),0),g=Math.min(Math.ceil(f.high),e),w=Math.max(Math.floor(p.low),0),E=Math.min(Math.ceil(p.high),i);if(x>=g||w>=E)return null;let y=u.kind==="color"&&h.samples<3?"scalar":u.kind,b=y==="phase"||y==="contours",M=Ue(h,{...u,kind:y});if(b&&M.type!=="f4")return null;let T=this.#l(V[M.type].store,y);a.useProgram(T.name),this.#p(t,y,M);let v=mi=>T.uniform(mi);a.viewport(0,0,e,i),a.scissor(x,i-E,g-x,E-w),a.uniform1i(v("picture"),Vt),a.uniform1i(v("colors"),Xt),a.uniform1i(v("height"),i),a.uniform2f(v("centre"),e/2,i/2),a.uniform4f(v("edge"),f.low,p.low,f.high,p.high),a.uniform2i(v("size"),h.cols,h.rows),a.uniform2i(v("home"),f.home,p.home),a.uniform2f(v("rest"),f.rest,p.rest),a.uniform2f(v("texels"),f.texels,p.texels);let C=Math.min(Math.abs(1/f.texels),Math.abs(1/p.texels))>=Ii&&h.step===1;a.uniform1i(v("smoothly"),y!=="labels"&&!u.nearest&&(u.smooth||!C)?1:0),b&&(a.uniform1i(v("weights"),Pe),a.uniform1f(v("weighing"),this.#d(t)),a.uniform1f(v("lines"),u.lines??0),a.uniform1f(v("ratio"),m)),this.#r(v,y,M,u),a.uniform1f(v("opacity"),u.opacity),a.uniform1f(v("opaque"),h.samples===4?Fe(h):0);let q=u.additive?[0,0,0]:r;return a.uniform4f(v("veil"),q[0]/255,q[1]/255,q[2]/255,l),a.blendFunc(a.ONE,u.additive?a.ONE:a.ONE_MINUS_SRC_ALPHA),a.drawArrays(a.TRIANGLES,0,3),[x,w,g,E]}#c(t,{width:e,height:i,viewport:o,camera:n,canvas:r,dim:l}){let a=this.#t,{frame:h,place:c,look:u}=t.picture,m=[e/o.width,i/o.height],d=Be(c,n,n.scale*m[0],n.scale*m[1],e,i);if(!d)return null;let[f,p,x,g]=d.box,w=u.kind==="color"&&h.samples<3?"scalar":u.kind,E=Ue(h,{...u,kind:w}),y=this.#l(V[E.type].store,w,!0);a.useProgram(y.name),this.#p(t,w,E);let b=v=>y.uniform(v);a.viewport(0,0,e,i),a.scissor(f,i-g,x-f,g-p),a.uniform1i(b("picture"),Vt),a.uniform1i(b("colors"),Xt),a.uniform1i(b("height"),i),a.uniform2f(b("centre"),e/2,i/2),a.uniform2i(b("size"),Math.ceil(c.cols),Math.ceil(c.rows)),a.uniform2f(b("last"),c.cols%1||1,c.rows%1||1),a.uniform2i(b("home"),...d.home),a.uniform2f(b("rest"),...d.rest),a.uniformMatrix2fv(b("turn"),!1,d.turn);let M=c.hole&&Be(c.hole,n,n.scale*m[0],n.scale*m[1],e,i);a.uniform1i(b("hollow"),M?1:0),M&&(a.uniformMatrix2fv(b("holeTurn"),!1,M.turn),a.uniform2i(b("holeSize"),Math.ceil(c.hole.cols),Math.ceil(c.hole.rows)),a.uniform2i(b("holeHome"),...M.home),a.uniform2f(b("holeRest"),...M.rest),a.uniform2f(b("holeLast"),c.hole.cols%1||1,c.hole.rows%1||1)),a.uniform1i(b("smoothly"),w!=="labels"&&(u.smooth||h.step>1)?1:0),this.#r(b,w,E,u),a.uniform1f(b("opacity"),u.opacity),a.uniform1f(b("opaque"),h.samples===4?u.opaque??Fe(h):0),a.uniform1i(b("steps"),u.steps?1:0);for(let v of["over","under"])a.uniform4fv(b(v),(u[v]??[0,0,0,-255]).map(C=>C/255));a.uniform4fv(b("none"),(u.none??[0,0,0,0]).map(v=>v/255)),a.uniform4f(b("veil"),r[0]/255,r[1]/255,r[2]/255,l);let T=u.first?Ni[u.blending]??Ht.translucent:Ht[u.blending]??Ht.translucent;return a.blendEquation(a[T.equation??"FUNC_ADD"]),a.blendFuncSeparate(a[T.from],a[T.to],a.ONE,a.ONE),a.drawArrays(a.TRIANGLES,0,3),a.blendEquation(a.FUNC_ADD),d.box}#r(t,e,i,o){let n=this.#t,[r,l]=i.relative?[0,1]:[Number(o.low),Number(o.high)],a=l-r,h=e==="scalar"&&Li[i.type],c=h?Math.min(Math.max(Math.floor(r),h[0]),h[1]):0;n.uniform1ui(t("zero"),c>>>0),n.uniform1i(t("negative"),V[i.type].negative?1:0),n.uniform2f(t("limits"),r-c,Number.isFinite(a)&&a!==0?1/a:1e30),n.uniform1f(t("gamma"),o.gamma>0?o.gamma:1)}#p(t,e,i){let o=this.#t,{frame:n,look:r}=t.picture;o.activeTexture(o.TEXTURE0+Vt);let{suffix:l,type:a,store:h}=V[i.type],c=Ri[n.samples]+l;!t.texture||t.format!==c||t.rows!==n.rows||t.cols!==n.cols?(t.texture&&o.deleteTexture(t.texture),t.texture=$e(o),o.texStorage2D(o.TEXTURE_2D,1,o[c],n.cols,n.rows),Object.assign(t,{format:c,rows:n.rows,cols:n.cols,frame:null})):o.bindTexture(o.TEXTURE_2D,t.texture);let u=`${i.type} ${i.relative?`${r.low} ${r.high}`:""}`,m=i.type==="painted"?r.painting:null;if(t.frame!==n||t.how!==u||t.painting!==m){let p=o[h==="float"?De[n.samples]:`${De[n.samples]}_INTEGER`];o.texSubImage2D(o.TEXTURE_2D,0,0,0,n.cols,n.rows,p,o[a],i.make()),Object.assign(t,{frame:n,how:u,painting:m,relative:i.relative})}o.activeTexture(o.TEXTURE0+Xt);let d=m?m.table:e==="labels"?ki??=Ne():r.table,f=m?Math.ceil(d.length/4/Yt):1;if(!t.colors||t.tableRows!==f?(t.colors&&o.deleteTexture(t.colors),t.colors=$e(o),o.texStorage2D(o.TEXTURE_2D,1,o.RGBA8,256,f),Object.assign(t,{table:null,tableRows:f})):o.bindTexture(o.TEXTURE_2D,t.colors),d&&t.table!==d){let p=d.length===f*Yt*4?d:new Uint8Array(f*Yt*4);p!==d&&p.set(d),o.texSubImage2D(o.TEXTURE_2D,0,0,0,256,f,o.RGBA,o.UNSIGNED_BYTE,p),t.table=d}}#d({picture:{frame:t,look:e}}){let i=e.weight&&this.#o.get(e.weight.key);if(!(i?.texture&&i.format==="R32F"&&!i.relative&&i.rows===t.rows&&i.cols===t.cols&&e.weight.high>0))return 0;let n=this.#t;return n.activeTexture(n.TEXTURE0+Pe),n.bindTexture(n.TEXTURE_2D,i.texture),1/e.weight.high}#l(t,e,i=!1){let o=`${t} ${e} ${i}`;return this.#e.has(o)||this.#e.set(o,this.#i(Le(t,e,i))),this.#e.get(o)}#f(t){t.texture&&this.#t.deleteTexture(t.texture),t.colors&&this.#t.deleteTexture(t.colors)}};function $e(s){let t=s.createTexture();return s.bindTexture(s.TEXTURE_2D,t),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_MIN_FILTER,s.NEAREST),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_MAG_FILTER,s.NEAREST),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_WRAP_S,s.CLAMP_TO_EDGE),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_WRAP_T,s.CLAMP_TO_EDGE),t}function Be({affine:s,cols:t,rows:e},i,o,n,r,l){let[a,h,c,u,m,d]=s,f=[a*o,h*o,(c-i.x)*o,u*n,m*n,(d-i.y)*n],p=$(f);if(!p)return null;let x=(T,v)=>Math.min(Math.max(T,0),v),g=[[0,0],[t,0],[0,e],[t,e]].map(([T,v])=>[f[0]*T+f[1]*v+f[2]+r/2,f[3]*T+f[4]*v+f[5]+l/2]),[w,E]=[g.map(([T])=>T),g.map(([,T])=>T)],y=[x(Math.floor(Math.min(...w)),r),x(Math.floor(Math.min(...E)),l),x(Math.ceil(Math.max(...w)),r),x(Math.ceil(Math.max(...E)),l)];if(!(y[0]<y[2]&&y[1]<y[3]))return null;let b=T=>Math.min(Math.max(T,-lt),lt),M=[Math.floor(b(p[2])),Math.floor(b(p[5]))];return{box:y,home:M,rest:[b(p[2]-M[0]),b(p[5]-M[1])],turn:[p[0],p[3],p[1],p[4]]}}function Ce(s,t,e,i,o,n){let r=u=>Math.min(Math.max(u,-lt),lt),l=(i-s)/t,a=Math.floor(r(l)),h=r((s-i)*o+n/2),c=r((e-i)*o+n/2);return{low:Math.min(h,c),high:Math.max(h,c),home:a,rest:r(l-a),texels:1/(t*o)}}var Pi=`#version 300 es
precision highp float;
layout(location = 0) in float right;
layout(location = 1) in float along;
uniform vec4 place;     // of the first pixel in data pixels: x, y, width, height
uniform vec2 wrap;
uniform vec3 camera;    // the middle of the screen in data pixels, device pixels a data pixel
uniform vec2 screen;    // device pixels
uniform float size;     // device pixels
void main() {
  vec2 pixel = mod(vec2(right, along) + 0.5, wrap);
  vec2 at = (place.xy + pixel * place.zw - camera.xy) * camera.z / screen * 2.0;
  bool there = at.x > -1.1 && at.x < 1.1 && at.y > -1.1 && at.y < 1.1;   // not so for what is no number
  gl_Position = there ? vec4(at.x, -at.y, 0.0, 1.0) : vec4(9.0, 9.0, 9.0, 1.0);
  gl_PointSize = size;
}`,Di=`#version 300 es
precision highp float;
uniform float size;
uniform float ring;     // device pixels; 0: none
uniform float opacity;
uniform vec4 veil;      // colour, and how much of it lies over the point
out vec4 color;
void main() {
  float from = length(gl_PointCoord - 0.5) * size;
  float alpha = clamp(size / 2.0 - from, 0.0, 1.0) * (ring > 0.0 ? 1.0 : opacity);
  float core = clamp(size / 2.0 - ring - from + 0.5, 0.0, 1.0);
  vec3 rgb = mix(vec3(core), veil.rgb, veil.a);
  alpha *= ring > 0.0 ? max(core, 0.6) : 1.0;
  color = vec4(rgb * alpha, alpha);
}`,ct=class{#t;#i;#e=null;#o=null;#s=[];#h=0;#c=0;#r=null;constructor(t,e){this.#t=t,this.#i=e}restore(){this.#e=null,this.#s=[],this.#r=null}set(t){if(!t||t.count!==this.#o?.count){for(let e of this.#s)e.filled=!1;this.#r=null}this.#o=t?.count>0?t:null}draw({width:t,height:e,viewport:i,camera:o,canvas:n,dim:r}){let l=this.#o;if(!l)return;let a=this.#t;this.#e??=this.#i(Di,Pi),l.data!==this.#r&&this.#p(l);let h=t/i.width,c=d=>this.#e.uniform(d),{place:u,wrap:m}=l;a.useProgram(this.#e.name),a.viewport(0,0,t,e),a.uniform4f(c("place"),u.x,u.y,u.width,u.height),a.uniform2f(c("wrap"),m[0],m[1]),a.uniform3f(c("camera"),o.x,o.y,o.scale*h),a.uniform2f(c("screen"),t,e),a.uniform4f(c("veil"),n[0]/255,n[1]/255,n[2]/255,r),a.enable(a.BLEND),a.blendFunc(a.ONE,a.ONE_MINUS_SRC_ALPHA);for(let d=7;d>=0;d--){let f=this.#s[(this.#h+7+1-d)%8];f?.filled&&(a.uniform1f(c("size"),(d===0?l.size+2:l.size*.6)*h),a.uniform1f(c("ring"),d===0?1*h:0),a.uniform1f(c("opacity"),.45*(1-d/8)),a.bindVertexArray(f.array),a.drawArrays(a.POINTS,0,l.count))}a.bindVertexArray(null),a.disable(a.BLEND)}destroy(){let t=this.#t;for(let{array:e,buffer:i}of this.#s)t.deleteVertexArray(e),t.deleteBuffer(i);this.#s=[],this.#e&&t.deleteProgram(this.#e.name),this.#e=null,this.#o=null}#p({data:t,count:e}){let i=this.#t;this.#r=t,this.#s.length>0&&++this.#c>=3&&(this.#c=0,this.#h=(this.#h+1)%8);let o=this.#s[this.#h]??={array:i.createVertexArray(),buffer:i.createBuffer(),size:0,filled:!1};i.bindVertexArray(o.array),i.bindBuffer(i.ARRAY_BUFFER,o.buffer),o.size!==t.byteLength?(i.bufferData(i.ARRAY_BUFFER,t,i.DYNAMIC_DRAW),o.size=t.byteLength,i.enableVertexAttribArray(0),i.enableVertexAttribArray(1),i.vertexAttribPointer(0,1,i.FLOAT,!1,4,0),i.vertexAttribPointer(1,1,i.FLOAT,!1,4,e*4)):i.bufferSubData(i.ARRAY_BUFFER,0,t),o.filled=!0,i.bindVertexArray(null)}};var We=`#version 300 es
void main() {
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0);
}`,Fi=`
precision highp float;
precision highp int;
precision highp usampler2D;

uniform usampler2D axes;
uniform int height;        // of the picture, device pixels
uniform vec3 canvas;
uniform vec3 tileOff;
uniform vec3 tileSeen;
uniform vec3 viewColor;
uniform vec2 viewFill;     // opacity of the view's inside and of the casing around its edge
uniform vec3 casingColor;
uniform float dim;         // 0: as it is, 1: nothing but canvas
uniform vec4 ground;       // what lies under the tiles, with its alpha multiplied in: the canvas, or nothing over a picture
uniform vec3 fills;        // opacity of tiles that are off, of tiles that are seen, of the gaps between them

#ifdef LOOK_UP
uniform usampler2D masks;
uniform usampler2D states;
uniform ivec2 first;       // (column, row) of the first cell in masks, from the anchor
uniform bool wide;         // masks count: there are more bands than the axes have bits for
uniform int shift;         // of the hash
uniform int probes;        // steps a search may take
uniform int coarse;        // cells of the hash are 2^coarse cells of the axes
uniform ivec4 bounds;      // first row, first column, last row, last column with a cell in the hash
#endif

out vec4 color;

#ifdef LOOK_UP
bool inBands(ivec2 cell) {
  ivec2 at = cell - first;
  uvec4 both = texelFetch(masks, ivec2(at.x, 0), 0) & texelFetch(masks, ivec2(at.y, 1), 0);
  return (both.x | both.y | both.z | both.w) != 0u;
}

bool inHash(ivec2 cell) {
  ivec2 at = cell >> coarse;
  bool within = at.y >= bounds.x && at.x >= bounds.y && at.y <= bounds.z && at.x <= bounds.w;
  uint key = uint(at.y) << ${j} | uint(at.x);
  uint slot = key * ${Ft}u >> shift;
  uint last = (1u << (32 - shift)) - 1u;
  bool found = false;
  for (int turn = within ? probes : 0; turn > 0; turn--) {
    uint entry = texelFetch(states, ivec2(slot & ${(1<<J)-1}u, slot >> ${J}), 0).x;
    found = entry >> ${R} == key && (entry & ${(1<<R)-1}u) == ${Dt}u;
    if (found || entry == 0u) break;
    slot = slot + 1u & last;
  }
  return found;
}
#endif

vec3 viewShares(uint word) {
  return vec3(uvec3(word, word >> ${10}, word >> ${20}) & ${1023}u) * ${1/1023};
}

void main() {
  uvec4 column = texelFetch(axes, ivec2(gl_FragCoord.x, 0), 0);
  uvec4 row = texelFetch(axes, ivec2(height - 1 - int(gl_FragCoord.y), 1), 0);
  vec2 x = unpackUnorm2x16(column.y);
  vec2 y = unpackUnorm2x16(row.y);

  // The pixel is a mixture of canvas and of two by two cells, most of which have no share: (x, y), (x + 1, y), (x, y + 1),
  // (x + 1, y + 1).
  vec4 shares = x.xyxy * y.xxyy;
  uvec4 across = uvec2(column.w & ${65535}u, column.w >> ${16}).xyxy;
  uvec4 down = uvec2(row.w & ${65535}u, row.w >> ${16}).xxyy;
  vec4 redShares = shares * vec4(notEqual(across & down, uvec4(0)));
  float tiles = dot(shares, vec4(1));
  float red = dot(redShares, vec4(1));

#ifdef LOOK_UP
  // Cells that these bands do not reach are looked up, one a turn. A loop and not four ifs, because software renderers take
  // both sides of an if, but leave a loop as soon as no pixel of their group needs another turn.
  vec4 open = shares - redShares;
  int turns = open.w > 0.0 ? 4 : open.z > 0.0 ? 3 : open.y > 0.0 ? 2 : open.x > 0.0 ? 1 : 0;
  for (int turn = 0; turn < turns; turn++) {
    ivec2 cell = ivec2(column.x, row.x) + ivec2(turn & 1, turn >> 1);
    if (open.x > 0.0 && ((wide && inBands(cell)) || inHash(cell))) red += open.x;
    open = open.yzwx;
  }
#endif
  vec4 result = ground + (vec4(tileOff, 1.0) - ground) * ((tiles - red) * fills.x) + (vec4(tileSeen, 1.0) - ground) * (red * fills.y);
  float gap = float(column.z & row.z & ${1073741824}u) * ${1/1073741824} * (1.0 - tiles);
  result = mix(result, vec4(tileOff, 1.0), gap * fills.z);

  // The view rectangle: its inside translucent, its edge solid, a thin casing so that the edge stands out on any ground.
  vec3 view = viewShares(column.z) * viewShares(row.z);
  result = mix(result, vec4(casingColor, 1.0), (view.x - view.y) * viewFill.y);
  result = mix(result, vec4(viewColor, 1.0), view.y - view.z + view.z * viewFill.x);

  color = mix(result, vec4(canvas, 1.0), dim);
}`;function qt(s){return`#version 300 es
${s?`#define LOOK_UP
`:""}${Fi}`}var Ve=1<<J,Ui=.5,zi=.14,$i=.55,Xe=["axes","masks","states"],ut=class{#t;#i=null;#e=null;#o=[];#s=null;#h=null;#c=null;#r=Pt;constructor(t){this.#t=t.getContext("webgl2",{alpha:!1,antialias:!1,depth:!1,stencil:!1}),this.#t&&!this.#t.isContextLost()&&this.restore()}get available(){return this.#t!==null}get lost(){return this.#t!==null&&this.#t.isContextLost()}get mostPixels(){return this.#r}get images(){return this.#h}get points(){return this.#c}restore(){let t=this.#t;this.#h??=new ht(t,e=>new X(t,e)),this.#h.restore(),this.#c??=new ct(t,(e,i)=>new X(t,e,i)),this.#c.restore();try{this.#i=new X(t,qt(!1)),this.#e=new X(t,qt(!0))}catch(e){console.error(e),this.#t=null;return}this.#r=Math.min(t.getParameter(t.MAX_TEXTURE_SIZE)-K,Pt),t.pixelStorei(t.UNPACK_ALIGNMENT,1),this.#o=Xe.map((e,i)=>this.#d(i,1,1,4,new Uint32Array(4)))}setAxes(t,e){this.#l(0,e,2,4,t)}setMasks(t,e){this.#l(1,e,2,z,t)}setStates(t){this.#l(2,Ve,t.entries.length/Ve,1,t.entries),this.#s=t}draw(t){let{width:e,height:i,theme:o}=t,n=this.#t,r=t.tiles?1:0;if(t.grid?this.#p(t,[...B(o.canvas),1],[r,r,0]):this.clear(e,i,t.ground??o.canvas),!this.#h.any)return;let l={...t,canvas:t.ground??o.canvas,dim:t.grid?0:t.dim},a=this.#h.draw(l);t.grid||this.#c.draw(l),!(!a||!t.grid)&&(n.enable(n.BLEND),n.enable(n.SCISSOR_TEST),n.blendFunc(n.ONE,n.ONE_MINUS_SRC_ALPHA),n.scissor(a[0],i-a[3],a[2]-a[0],a[3]-a[1]),this.#p(t,[0,0,0,0],t.tiles?[Ui,zi,$i]:[0,0,0]),n.disable(n.SCISSOR_TEST),n.disable(n.BLEND))}#p({width:t,height:e,first:i,wide:o,lookUp:n,theme:r,dim:l},a,h){let c=this.#t,u=n?this.#e:this.#i,m=d=>u.uniform(d);c.useProgram(u.name),c.viewport(0,0,t,e),c.uniform1i(m("height"),e),c.uniform3fv(m("canvas"),B(r.canvas)),c.uniform4fv(m("ground"),a),c.uniform3fv(m("fills"),h),c.uniform3fv(m("tileOff"),B(r.tileOff)),c.uniform3fv(m("tileSeen"),B(r.tileSeen)),c.uniform3fv(m("viewColor"),B(r.view)),c.uniform2f(m("viewFill"),a[3]>0?r.viewFill:0,r.casingFill),c.uniform3fv(m("casingColor"),B(r.casing)),c.uniform1f(m("dim"),l),n&&(c.uniform2i(m("first"),i[0],i[1]),c.uniform1i(m("wide"),o?1:0),c.uniform1i(m("shift"),this.#s.shift),c.uniform1i(m("probes"),this.#s.probes),c.uniform1i(m("coarse"),this.#s.coarse),c.uniform4iv(m("bounds"),this.#s.bounds)),c.drawArrays(c.TRIANGLES,0,3)}clear(t,e,i){let o=this.#t;o.viewport(0,0,t,e),o.clearColor(...B(i),1),o.clear(o.COLOR_BUFFER_BIT)}read(t,e,i,o,n){let r=this.#t,l=new Uint8Array(i*o*4);r.readPixels(t,n-e-o,i,o,r.RGBA,r.UNSIGNED_BYTE,l);let a=new Uint8Array(l.length),h=i*4;for(let c=0;c<o;c++)a.set(l.subarray((o-1-c)*h,(o-c)*h),c*h);return a}destroy(){if(!this.#t.canvas.isConnected){this.#t.getExtension("WEBGL_lose_context")?.loseContext();return}this.#h.destroy(),this.#c.destroy();for(let t of this.#o)this.#t.deleteTexture(t.name);for(let t of[this.#i,this.#e])this.#t.deleteProgram(t.name)}#d(t,e,i,o,n){let r=this.#t,l=r.createTexture();r.activeTexture(r.TEXTURE0+t),r.bindTexture(r.TEXTURE_2D,l),r.texParameteri(r.TEXTURE_2D,r.TEXTURE_MIN_FILTER,r.NEAREST),r.texParameteri(r.TEXTURE_2D,r.TEXTURE_MAG_FILTER,r.NEAREST),r.texStorage2D(r.TEXTURE_2D,1,o===4?r.RGBA32UI:r.R32UI,e,i);let a={name:l,width:e,height:i,channels:o};return this.#f(t,a,e,i,n),a}#l(t,e,i,o,n){let r=this.#o[t];if(r.channels===o&&r.width===e&&r.height===i){this.#f(t,r,e,i,n);return}this.#t.deleteTexture(r.name),this.#o[t]=this.#d(t,e,i,o,n)}#f(t,e,i,o,n){let r=this.#t;r.activeTexture(r.TEXTURE0+t),r.bindTexture(r.TEXTURE_2D,e.name);let l=e.channels===4?r.RGBA_INTEGER:r.RED_INTEGER;r.texSubImage2D(r.TEXTURE_2D,0,0,0,i,o,l,r.UNSIGNED_INT,n)}},X=class{#t;#i=new Map;constructor(t,e,i=We){this.#t=t,this.name=t.createProgram();for(let[o,n]of[[t.VERTEX_SHADER,i],[t.FRAGMENT_SHADER,e]]){let r=t.createShader(o);if(t.shaderSource(r,n),t.compileShader(r),!t.getShaderParameter(r,t.COMPILE_STATUS)&&!t.isContextLost())throw new Error(`compile shader: ${t.getShaderInfoLog(r)}`);t.attachShader(this.name,r)}if(t.linkProgram(this.name),!t.getProgramParameter(this.name,t.LINK_STATUS)&&!t.isContextLost())throw new Error(`link program: ${t.getProgramInfoLog(this.name)}`);t.useProgram(this.name),Xe.forEach((o,n)=>t.uniform1i(this.uniform(o),n))}uniform(t){return this.#i.has(t)||this.#i.set(t,this.#t.getUniformLocation(this.name,t)),this.#i.get(t)}};function B(s){return s.map(t=>t/255)}function Zt(s){let t=getComputedStyle(s),e=Bi(t),i=(n,r)=>Ci(t.getPropertyValue(n))??r;return{canvas:i("--canvas",e?[0,0,0]:[255,255,255]),tileOff:i("--tile-off",[163,162,160]),tileSeen:i("--tile-seen",[225,19,19]),view:i("--tile-view",[245,197,66]),loading:i("--tile-loading",[86,180,233]),reloaded:i("--tile-reloaded",[255,120,220]),axisX:i("--axis-x",[230,50,50]),axisY:i("--axis-y",[60,160,75]),casing:[0,0,0],viewFill:.16,casingFill:.5}}function S(s){return`rgb(${s.join(" ")})`}function Bi(s){return s.colorScheme==="dark"||s.colorScheme==="light"?s.colorScheme==="dark":matchMedia("(prefers-color-scheme: dark)").matches}function Ci(s){let t=s.trim();if(t==="")return null;if(/^[\d.]+[\s,]+[\d.]+[\s,]+[\d.]+$/.test(t))return t.split(/[\s,]+/).map(Number);if(!CSS.supports("color",t))return null;let e=new OffscreenCanvas(1,1).getContext("2d",{willReadFrequently:!0});return e.fillStyle=t,e.fillRect(0,0,1,1),[...e.getImageData(0,0,1,1).data.slice(0,3)]}var He=64,mt=2,dt=7,I=7,Gi=32,Ye=10,qe="600 12px system-ui, sans-serif",Ze=3,je=14,Ke=9,D=14,Je=6,jt=8,Qe=4,pt=class{#t;#i;constructor(t){this.#t=t,this.#i=t.getContext("2d")}draw({camera:t,viewport:e,width:i,height:o,theme:n,view:r,dim:l,picture:a=null,tiles:h=!0,marks:c=null,scene:u=null}){let m=this.#i;(this.#t.width!==i||this.#t.height!==o)&&(this.#t.width=i,this.#t.height=o),m.setTransform(i/e.width,0,0,o/e.height,0,0),m.clearRect(0,0,e.width,e.height),a&&h&&(this.#e(a.loading,a,t,e,S(n.loading),1,1-l),this.#e(a.reloaded,a,t,e,S(n.reloaded),-1,1-l)),u?.axes!==!1&&this.#h(t,e,n,1-l,c?.names??["y","x"],u?.up?u.box.y1:null),c?.line&&this.#o(c.line,t,e,n),c?.paint&&(m.save(),c.paint(m,{camera:t,viewport:e,opacity:1-l}),m.restore());let d=a&&r?_t(a):"";d&&this.#s([`level ${a.level}, ${d}`,`level ${a.level}, ideal ${a.ideal}`],r,t,e,n),r&&u?.frame&&this.#r(r,t,e,n,1-l),r&&this.#p(r,t,e,n,1-l)}get canvas(){return this.#t}clear(){this.#i.setTransform(1,0,0,1,0,0),this.#i.clearRect(0,0,this.#t.width,this.#t.height)}#e(t,{tile:e},i,o,n,r,l){if(t.length===0)return;let a=this.#i,h=new Path2D,c=(f,p)=>Math.min(Math.max(f,-jt),p+jt),u=!1;for(let f=0;f<t.length;f+=4){let[p,x]=_(i,o,t[f+1]*e[1],t[f]*e[0]),[g,w]=_(i,o,(t[f+1]+t[f+3])*e[1],(t[f]+t[f+2])*e[0]);if(g<0||w<0||p>o.width||x>o.height)continue;let E=c(p,o.width),y=c(x,o.height);h.rect(E,y,Math.max(c(g,o.width)-E,2),Math.max(c(w,o.height)-y,2)),u=!0}if(!u)return;a.save(),a.globalAlpha=l,a.strokeStyle=n,a.lineWidth=2,a.stroke(h),a.clip(h);let m=new Path2D,d=o.width+o.height;for(let f=-o.height;f<d;f+=jt)m.moveTo(f,r>0?o.height:0),m.lineTo(f+o.height,r>0?0:o.height);a.stroke(m),a.restore()}#o(t,e,i,o){let n=this.#i,[r,l]=t.map(([h,c])=>_(e,i,h,c)),a=new Path2D;a.moveTo(...r),a.lineTo(...l);for(let[h,c]of[r,l])a.moveTo(h+Qe,c),a.arc(h,c,Qe,0,2*Math.PI);n.strokeStyle=S(o.casing),n.lineWidth=4,n.stroke(a),n.strokeStyle=S(o.view),n.lineWidth=2,n.stroke(a)}#s(t,e,i,o,n){let r=this.#i,[l,a]=_(i,o,e.x0,e.y0),[h,c]=_(i,o,e.x1,e.y1);if(h<0||c<0||l>o.width||a>o.height)return;r.font=qe,r.textAlign="left",r.textBaseline="middle";let u=x=>r.measureText(x).width+28,m=t.find(x=>u(x)<=o.width-16)??t.at(-1),d=u(m),f=Math.min(Math.max(l,8),Math.max(o.width-d-8,8)),p=Math.min(Math.max(a-26,8),o.height-30);r.fillStyle=S(n.view),r.beginPath(),r.roundRect(f,p,d,22,3),r.fill(),r.fillStyle=r.strokeStyle=S(n.casing),r.lineWidth=1.5,r.beginPath(),r.moveTo(f+12,p+5),r.lineTo(f+18,p+16),r.lineTo(f+6,p+16),r.closePath(),r.moveTo(f+12,p+9),r.lineTo(f+12,p+13),r.stroke(),r.fillText(m,f+22,p+11.5)}#h(t,e,i,o,[n,r],l){let a=this.#i,h=l!==null,[c,u]=_(t,e,0,l??0),m=(g,w)=>Math.min(Math.max(g,Ye),w-Ye-He-2*I),d=m(c-dt,e.width),f=u+(h?dt:-dt),p=h?e.height-m(e.height-f,e.height):m(f,e.height),x=d===c-dt&&p===f?He:Gi;a.globalAlpha=o,a.font=qe,a.lineJoin="round",this.#c(d,p,x,0,r,S(i.axisX),S(i.canvas)),n!==""&&this.#c(d,p,0,h?-x:x,n,S(i.axisY),S(i.canvas)),a.globalAlpha=1}#c(t,e,i,o,n,r,l){let a=this.#i,h=t+i,c=e+o,u=Math.sign(i),m=Math.sign(o),d=new Path2D;d.moveTo(t-u*mt/2,e-m*mt/2),d.lineTo(h-u*I,c-m*I);let f=new Path2D;f.moveTo(h,c),f.lineTo(h-u*I-m*I*.5,c-m*I-u*I*.5),f.lineTo(h-u*I+m*I*.5,c-m*I+u*I*.5),f.closePath(),a.textAlign=u?"left":"center",a.textBaseline=u?"middle":m>0?"top":"bottom";let p=h+u*5,x=c+m*3;a.strokeStyle=l,a.lineWidth=mt+Ze,a.stroke(d),a.lineWidth=Ze,a.stroke(f),a.strokeText(n,p,x),a.strokeStyle=a.fillStyle=r,a.lineWidth=mt,a.stroke(d),a.fill(f),a.fillText(n,p,x)}#r(t,e,i,o,n){let[r,l]=_(e,i,t.x0,t.y0),[a,h]=_(e,i,t.x1,t.y1),c=(x,g)=>Math.min(Math.max(x,-4),g+4),[u,m,d,f]=[c(r,i.width),c(l,i.height),c(a,i.width),c(h,i.height)];if(!(d>u&&f>m))return;let p=this.#i;p.globalAlpha=n;for(let[x,g]of[[o.casing,4],[o.view,2]])p.strokeStyle=S(x),p.lineWidth=g,p.strokeRect(u,m,d-u,f-m);p.globalAlpha=1}#p(t,e,i,o,n){let[r,l]=_(e,i,t.x0,t.y0),[a,h]=_(e,i,t.x1,t.y1),c=this.#i,u=new Path2D;if(a<0||h<0||r>i.width||l>i.height)Wi(u,(r+a)/2,(l+h)/2,i);else if(a-r<D&&h-l<D)Vi(u,(r+a)/2,(l+h)/2);else return;c.globalAlpha=n,c.lineCap=c.lineJoin="round",c.strokeStyle=S(o.casing),c.lineWidth=4,c.stroke(u),c.strokeStyle=S(o.view),c.lineWidth=2,c.stroke(u),c.lineCap="butt",c.globalAlpha=1}};function Wi(s,t,e,{width:i,height:o}){let n=t-i/2,r=e-o/2,l=Math.min((i/2-je)/Math.abs(n),(o/2-je)/Math.abs(r)),a=i/2+n*l,h=o/2+r*l,c=Math.atan2(r,n),u=m=>[a-Math.cos(c+m)*Ke,h-Math.sin(c+m)*Ke];s.moveTo(...u(.7)),s.lineTo(a,h),s.lineTo(...u(-.7))}function Vi(s,t,e){for(let[i,o]of[[-1,-1],[1,-1],[1,1],[-1,1]])s.moveTo(t+i*D,e+o*(D-Je)),s.lineTo(t+i*D,e+o*D),s.lineTo(t+i*(D-Je),e+o*D)}var gt=1,N=2,L=4,H=gt|N|L,Hi=32,Yi=20,qi=480,Zi=.6,ji=80,Ki=160,bt=class{#t;#i;#e;#o;#s;#h=null;#c=null;#r=null;#p=null;#d=null;#l=null;#f=[];#y=null;#v=!1;#E=!0;#T=null;#n={x:0,y:0,scale:1};#u="fit";#m=null;#A=null;#a={width:0,height:0};#D={top:0,right:0,bottom:0,left:0};#x={width:0,height:0};#O;#S=!1;#F=!1;#w=!1;#g=H;#M=0;#$=0;#C=[];#N={bands:new Float64Array(0),rest:new Float64Array(0)};#U=new rt;#L=null;#q=[0,0];#k=new Uint32Array(0);#z=new Uint32Array(0);#_={updates:0,frames:0,pictures:0,draws:0,hashBuilds:0,drawTime:0};constructor(t,e,i){this.#t=t.canvas,this.#i=e,this.#s=i,this.#O=Zt(i.theme),this.#e=new ut(t.canvas),this.#o=new pt(t.overlay),this.#w=this.#e.lost,this.#X()}update(t){this.#_.updates++,this.#h=t,this.#S||this.#B()}setImages(t){t.some(({frame:e})=>!this.#f.some(i=>i.frame===e))&&(this.#v=!0),this.#f=t,!this.#w&&this.#e.available&&this.#e.images.set(t),this.#b(L)}setPoints(t){this.#y=t,!this.#w&&this.#e.available&&this.#e.points.set(t),this.#b(L)}setScene(t){let e=this.#d;this.#d=t,!t||!e||e.key!==t.key?(this.#u==="free"&&e&&this.#R("fit"),this.#m=null,this.#u!=="free"&&(this.#n=this.#P())):this.#u==="fit"&&(!Kt(e.box,t.box)||e.margin!==t.margin)&&(this.#n=this.#P()),this.#b(H)}setLayered(t){let e=this.#l;this.#l=t,(t?.key??null)!==(e?.key??null)?(this.#u==="free"&&this.#R("fit"),this.#m=null,this.#n=this.#P()):this.#u==="fit"&&t&&!Kt(e.box,t.box)&&(this.#n=this.#P()),this.#b(H)}setCamera(t){this.#R("free"),this.#m=null,this.#n=t,this.#b(N)}setTiles(t){this.#E!==t&&(this.#E=t,this.#b(L))}setMarks(t){this.#T=t,this.#b(L)}setPaused(t){this.#S!==t&&(this.#S=t,this.#b(L))}setStale(t){this.#F!==t&&(this.#F=t,this.#b(L))}setFollow(t){t?this.#R("follow"):this.#u==="follow"&&this.#R("free"),this.#b(N)}get following(){return this.#u==="follow"}fit(){this.#R("fit"),this.#Q(this.#P())}pan(t,e){this.#H(vt(this.#n,t,e))}step(t,e){let i=this.#m?this.#m.to:this.#n;this.#J(vt(i,-t*this.#a.width,-e*this.#a.height))}pinch(t,e){this.#H(ce(this.#n,this.#a,t,e,this.#Y()))}zoomAt(t,e,i){this.#H(yt(this.#n,this.#a,t,e,i,this.#Y()))}zoomTo(t,e,i){let o=this.#m?this.#m.to:this.#n;this.#J(yt(o,this.#a,t,e,i,this.#Y()))}zoomBy(t){this.zoomTo(this.#a.width/2,this.#a.height/2,t)}point(t,e){this.#A=t===null?null:[t,e],this.#B()}themeChanged(){this.#O=Zt(this.#s.theme),this.#b(L)}resize(t,e,i){if(this.#D=i,!this.#e.available)return;let o=a=>Math.max(Math.min(Math.round(a),this.#e.mostPixels),0),n=o(e.width),r=o(e.height);t.width===this.#a.width&&t.height===this.#a.height&&n===this.#x.width&&r===this.#x.height||(this.#a=t,this.#x={width:n,height:r},this.#g=H,!(n===0||r===0)&&(this.#t.width=n,this.#t.height=r,!this.#w&&(this.#u==="fit"&&this.#I&&(this.#m=null,this.#n=this.#P()),cancelAnimationFrame(this.#M),this.#M=0,this.#G(performance.now()))))}contextLost(){this.#w=!0,cancelAnimationFrame(this.#M),this.#M=0,this.#X()}contextRestored(){this.#w=!1,this.#e.restore(),this.#e.available&&(this.#e.images.set(this.#f),this.#e.points.set(this.#y)),this.#L=null,this.#b(H)}flush(){this.#M!==0&&(cancelAnimationFrame(this.#M),this.#G(performance.now()))}readPixels(t,e,i,o){return this.#e.available?new Promise((n,r)=>{this.#C.push({resolve:n,reject:r,x:t,y:e,width:i,height:o}),this.#b(L)}):Promise.reject(new Error("This browser has no WebGL2."))}async toPNG(){if(!this.#Z())throw new Error("The picture cannot be exported while it is not shown.");this.#j();let t=document.createElement("canvas");t.width=this.#x.width,t.height=this.#x.height;let e=t.getContext("2d");return e.drawImage(this.#t,0,0),e.drawImage(this.#o.canvas,0,0),new Promise((i,o)=>{t.toBlob(n=>n?i(n):o(new Error("The browser could not make a PNG of the picture.")),"image/png")})}toData(t,e){return wt(this.#n,this.#a,t,e)}stats(){return{...this.#_,mode:this.#u,camera:{...this.#n},viewport:{...this.#a},size:{...this.#x},detail:this.#L?this.#L.detail:0,bands:this.#N.bands.length/4,cells:this.#U.count,probes:this.#U.probes,coarse:this.#U.coarse,lost:this.#w,available:this.#e.available}}toScreen(t,e){return _(this.#n,this.#a,t,e)}destroy(){cancelAnimationFrame(this.#M),this.#M=0;for(let t of this.#C.splice(0))t.reject(new Error("The viewer was removed."));this.#e.available&&!this.#w&&this.#e.destroy(),this.#i.destroy()}#b(t){this.#g|=t,this.#B()}#B(){this.#M===0&&!this.#w&&(this.#M=requestAnimationFrame(t=>this.#G(t)))}#G(t){this.#M=0;let e=this.#$===0?16:Math.min(Math.max(t-this.#$,0),100);this.#$=t,this.#et();let i=this.#it(t,e);this.#X(),this.#Z()&&(this.#g!==0&&this.#j(),this.#rt());let o=this.#A&&wt(this.#n,this.#a,...this.#A);this.#i.readout(this.#r,o&&this.#l?this.#l.toLayer?.(...o)??null:o),this.#s.onFrame?.({camera:this.#n,viewport:this.#a,size:this.#x,point:o,most:this.#e.mostPixels}),i?this.#B():this.#$=0}#Z(){return this.#e.available&&!this.#w&&this.#x.width>0&&this.#x.height>0}#et(){if(this.#h===null||this.#S)return;let t=this.#h;this.#h=null,this.#c=t;let e=this.#r,i=de(t);if(this.#r=i,!i){e&&(this.#g=H);return}pe(e,i)||(this.#N=Ae(i.rects),this.#g|=gt),Kt(e&&e.view,i.view)||(this.#g|=N),xe(e,i)||(this.#g|=L);let o=this.#p;(!o||o.topic!==i.topic||o.base[0]!==i.base[0]||o.base[1]!==i.base[1])&&(this.#p={topic:i.topic,base:i.base}),o!==this.#p&&!this.#l&&(this.#u==="free"&&this.#R("fit"),this.#m=null,this.#n=this.#P(),this.#g|=N),this.#i.label(()=>be(this.#r))}#it(t,e){if(this.#m){let{from:r,to:l,start:a}=this.#m,h=Math.min(Math.max((t-a)/Ki,0),1);return this.#n=ae(r,l,1-(1-h)**3),this.#g|=N,h===1&&(this.#m=null),h<1}let i=this.#W;if(this.#u!=="follow"||!i||this.#a.width===0)return!1;let o=se(i,this.#a,this.#l?1:Zi,this.#D);if(o.x===this.#n.x&&o.y===this.#n.y&&o.scale===this.#n.scale)return!1;let n=this.#s.reducedMotion||he(this.#n,o,this.#a);return this.#n=n?o:le(this.#n,o,e,ji),this.#g|=N,!n}#j(){let t=performance.now(),{width:e,height:i}=this.#x,o=this.#g;if(this.#g=0,this.#r||this.#f.length>0){let n=this.#r!==null&&!this.#l;n&&o&(gt|N)&&this.#st(o),this.#e.draw({width:e,height:i,first:this.#q,wide:this.#V,lookUp:this.#V||this.#U.count>0,theme:this.#O,dim:this.#K(),grid:n,ground:this.#l?.ground??null,tiles:this.#E,camera:this.#n,viewport:this.#a})}else this.#e.clear(e,i,this.#O.canvas);this.#_.draws++;for(let{resolve:n,x:r,y:l,width:a,height:h}of this.#C.splice(0))n(this.#e.read(r,l,a,h,i));this.#I?this.#o.draw(this.#nt()):this.#o.clear(),this.#_.drawTime=performance.now()-t}#st(t){let{tile:e,extent:i,view:o}=this.#r,{width:n,height:r}=this.#x,l=n/this.#a.width,a=r/this.#a.height,h=this.#n.scale*l,c=this.#n.scale*a,u=ve(Math.min(e[1]*h,e[0]*c)),m={centre:this.#n.x,scale:h,ratio:l,tile:e[1],extent:i[1],detail:u,anchor:0,view:o&&[o.x0,o.x1],edge:2*l,casing:1*l},d={centre:this.#n.y,scale:c,ratio:a,tile:e[0],extent:i[0],detail:u,anchor:0,view:o&&[o.y0,o.y1],edge:2*a,casing:1*a},f=Ot(n,m),p=Ot(r,d);if(f&&p){let g=this.#L&&this.#L.detail===u?this.#L:{row:null,column:null};d.anchor=zt(...p,g.row),m.anchor=zt(...f,g.column),(t&gt||d.anchor!==g.row||m.anchor!==g.column)&&(this.#U.build(this.#N.rest,u,d.anchor,m.anchor),this.#e.setStates(this.#U),this.#L={detail:u,row:d.anchor,column:m.anchor},this.#_.hashBuilds++),this.#q=[f[0]-m.anchor,p[0]-d.anchor],this.#V&&this.#ot(f,p,u)}else this.#L=null;let x=Math.max(n,r);this.#k.length!==2*x*4&&(this.#k=new Uint32Array(2*x*4)),Nt(this.#k,0,n,m),Nt(this.#k,x*4,r,d),Lt(this.#k,0,n,m,this.#N.bands,1),Lt(this.#k,x*4,r,d,this.#N.bands,0),this.#e.setAxes(this.#k,x)}#ot(t,e,i){let o=t[1]-t[0]+1,n=e[1]-e[0]+1,r=this.#e.mostPixels+K,l=Math.min(2**Math.ceil(Math.log2(Math.max(o,n,64))),r),a=l*z;this.#z.length!==2*a&&(this.#z=new Uint32Array(2*a)),Ut(this.#z,0,this.#N.bands,1,t[0],o,i),Ut(this.#z,a,this.#N.bands,0,e[0],n,i),this.#e.setMasks(this.#z,l)}get#I(){return this.#l?this.#l.box:this.#r?this.#r.box:this.#d?this.#d.box:null}get#W(){return this.#l?this.#l.view:this.#r?.view??null}get#V(){return this.#N.bands.length/4>16}#nt(){return{camera:this.#n,viewport:this.#a,...this.#x,theme:this.#O,dim:this.#K(),picture:this.#l?null:this.#r,view:this.#W,marks:this.#T,tiles:this.#E,scene:this.#l?{...this.#l,axes:!1,frame:this.#u!=="follow"}:this.#r?null:this.#d}}#rt(){this.#v&&(this.#v=!1,this.#_.pictures++,this.#i.pictured(this.#_.pictures),this.#s.onPictures?.());let t=this.#c;t!==null&&(this.#c=null,this.#_.frames++,this.#i.painted(this.#_.frames,this.#r!==null),this.#s.onPaint?.(t))}#K(){return this.#F&&!this.#S?.55:0}#X(){let t="live";this.#e.available?this.#w?t="lost":!this.#r&&this.#f.length===0?t="empty":this.#S?t="paused":this.#F&&(t="stale"):t="unsupported",this.#i.state(t)}#R(t){this.#u!==t&&(this.#u=t,this.#m=null,this.#s.onMode?.(t))}#H(t){this.#I&&(this.#R("free"),this.#m=null,this.#n=this.#tt(t),this.#b(N))}#J(t){this.#I&&(this.#R("free"),this.#Q(this.#tt(t)))}#Q(t){this.#I&&(this.#s.reducedMotion?(this.#m=null,this.#n=t):this.#m={from:this.#n,to:t,start:performance.now()},this.#b(N))}#tt(t){return ne(t,this.#a,re(this.#I,this.#W))}#Y(){return oe(this.#I??{x0:0,y0:0,x1:1,y1:1},this.#a)}#P(){if(!this.#I||this.#a.width===0)return this.#n;let t=Math.min(this.#a.width,this.#a.height)<qi,e=this.#r?void 0:this.#d?.margin;return ie(this.#I,this.#a,e??(t?Yi:Hi),this.#D)}};function Kt(s,t){return!s||!t?!s&&!t:s.x0===t.x0&&s.y0===t.y0&&s.x1===t.x1&&s.y1===t.y1}var Ji=64,Qi=.125,ts=512*512,es=2.5;function F(s){return s>1?2**Math.min(Math.round(Math.log2(s)),30):1}function ii({camera:s,viewport:t,ratio:e,place:i,shape:[o,n],most:r,present:l=null}){if(!(o>0&&n>0&&t.width>0&&t.height>0))return null;let a=1/(s.scale*e),h=F(a/Math.max(i.width,i.height)),c=(d,f,p,x,g)=>{let w=f/2/s.scale;return oi((d-w-p)/x,(d+w-p)/x,g)},u=c(s.x,t.width,i.x,i.width,n),m=c(s.y,t.height,i.y,i.height,o);return u&&m?ni(h,u,m,[o,n],r,l):null}function si({camera:s,viewport:t,ratio:e,affine:i,shape:[o,n],most:r,present:l=null}){let a=$(i);if(!a||!(o>0&&n>0&&t.width>0&&t.height>0))return null;let h=F(1/(Math.max(Math.hypot(i[0],i[3]),Math.hypot(i[1],i[4]))*s.scale*e)),c=[t.width/2/s.scale,t.height/2/s.scale],u=[[-1,-1],[1,-1],[-1,1],[1,1]].map(([p,x])=>P(a,s.x+p*c[0],s.y+x*c[1])),m=(p,x)=>{let g=u.map(w=>w[p]);return oi(Math.min(...g),Math.max(...g),x)},d=m(0,n),f=m(1,o);return d&&f?ni(h,d,f,[o,n],r,l):null}function oi(s,t,e){return t<=0||s>=e?null:[Math.max(s,0),Math.min(t,e),(t-s)*Qi]}function ni(s,t,e,[i,o],n,r){for(let l=s;;l*=2){let a=Math.ceil(i/l)*Math.ceil(o/l)<=ts?{row:0,col:0,rows:i,cols:o,step:l}:{...ei("row","rows",e,i,l),...ei("col","cols",t,o,l),step:l};if(!(Math.max(a.rows,a.cols)/l>n))return is(r,a,t,e)?r:a}}function ei(s,t,[e,i,o],n,r){let l=Ji*r,a=Math.max(Math.floor((e-o)/l)*l,0),h=Math.min(Math.ceil((i+o)/l)*l,n);return{[s]:a,[t]:h-a}}function is(s,t,e,i){return!s||s.step!==t.step||s.rows*s.cols>t.rows*t.cols*es?!1:s.col<=e[0]&&s.col+s.cols>=e[1]&&s.row<=i[0]&&s.row+s.rows>=i[1]}function tt(s,t,{row:e,col:i,rows:o,cols:n,step:r},l,a=!1){return`${s}/${t.join(",")}/${e},${i},${o},${n}/${r}${l?"/n":""}${a?"/e":""}`}function ri({row:s,col:t,rows:e,cols:i,step:o},n,r){return{x:n.x+t*n.width,y:n.y+s*n.height,width:n.width*o,height:n.height*o,right:n.x+Math.min(t+i*o,r[1])*n.width,bottom:n.y+Math.min(s+e*o,r[0])*n.height}}var ss=100,ci=1024,os=32,Qt=class{#t;#i;#e;#o;#s;#h=[];#c={canvas:null,layers:[]};#r=new Map;#p=null;#d="";#l=new Map;#f="";#y="";#v=null;#E=!1;#T=0;#n=0;#u=()=>this.#x();constructor(t,e,i,o,n){this.#t=e,this.#i=i,this.#e=o,this.#o=n,this.#s=t,document.addEventListener("visibilitychange",this.#u),this.#h.push(this.#m(`${e}/pictures`,r=>{let l=this.there;this.#c=cs(r),l!==this.there&&this.#o(this.there),this.#a()}),this.#m(`${e}/colors`,r=>{this.#r=us(r,this.#r),this.#a()})),Z()}get there(){return this.#c.layers.length>0}show(t){this.#f!==t&&(this.#f=t,t===""&&this.#i.setImages([]),this.#a())}take(t){this.#d=typeof t.layer=="string"?t.layer:"",this.#p=hs(t.camera),this.#D(),this.#x()}moved(t){let e=this.#v,{camera:i,viewport:o}=t;this.#v={...t,camera:{...i},viewport:{...o},size:{...t.size}},e&&i.x===e.camera.x&&i.y===e.camera.y&&i.scale===e.camera.scale&&o.width===e.viewport.width&&o.height===e.viewport.height||this.#x()}setPaused(t){this.#E=t,this.#x()}destroy(){clearTimeout(this.#T),document.removeEventListener("visibilitychange",this.#u);for(let t of this.#h)t();for(let t of this.#l.values())li(t);this.#l.clear()}#m(t,e){let i=this.#s.appendChild(document.createElement("i"));i.hidden=!0,i.dataset.topic=t;let o=this.#e(t,e);return()=>{o(),i.remove()}}get#A(){return this.#f===""?[]:this.#c.layers.filter(e=>e.visible&&(this.#f==="layers"||e.id===this.#d)).slice(-os)}#a(){this.#D(),this.#x(),this.#w()}#D(){if(this.#f===""||!this.there){this.#y!==""&&this.#i.setLayered(null),this.#y="";return}let t=null;for(let{affine:l,base:a}of this.#f==="layers"?this.#A:this.#c.layers.filter(({id:h})=>h===this.#d)){let h=_e(l,0,0,a[1],a[0]);t=t?{x0:Math.min(t.x0,h.x0),y0:Math.min(t.y0,h.y0),x1:Math.max(t.x1,h.x1),y1:Math.max(t.y1,h.y1)}:h}let e=this.#c.layers.find(({id:l})=>l===this.#d),i=e&&$(e.affine),o=ls(this.#p),n={key:`${this.#t} ${this.#f==="layer"?this.#d:""}`,box:t??o??{x0:0,y0:0,x1:1,y1:1},view:o,ground:this.#c.canvas},r=JSON.stringify([n,i]);r!==this.#y&&(this.#y=r,this.#i.setLayered({...n,toLayer:i?(l,a)=>P(i,l,a):null}))}#x(){this.#T===0&&(this.#T=setTimeout(()=>{this.#T=0,this.#O()},Math.max(this.#n+ss-performance.now(),0)))}#O(){this.#n=performance.now();let t=document.hidden?[]:this.#A,e=!1;for(let[i,o]of this.#l)t.some(n=>n.id===i)||(li(o),document.hidden||this.#l.delete(i),e=!0);for(let i of t){this.#l.has(i.id)||this.#l.set(i.id,{...ai,overview:{...ai},paint:null,named:null});let o=this.#l.get(i.id);(o.base!==i.topic||o.index!==i.index)&&Object.assign(o,{base:i.topic,index:i.index,frame:null,region:null}),this.#S(o,this.#F(i,o))&&(e=!0),this.#S(o.overview,ns(i))&&(e=!0)}e&&Z()}#S(t,e){return e===t.topic||this.#E&&t.topic!==""?!1:(t.stop(),Object.assign(t,{topic:e,stop:()=>{}}),e===""?(t.frame=null,!0):(t.stop=this.#m(e,i=>{this.#E||!i.data||(t.frame=i,this.#x(),this.#w())}),!0))}#F(t,e){if(!this.#v)return e.topic;let i=t.index.split(","),o=e.frame?.shape?.length===i.length?e.frame.shape:t.shape,[n,r]=[o[i.indexOf("y")],o[i.indexOf("x")]];if(!(n>0&&r>0))return e.topic;let l=fi(e.frame,t.affine),{camera:a,viewport:h,size:c,most:u}=this.#v,m=d=>({row:0,col:0,rows:n,cols:r,step:F(Math.max(n,r)/d)});return l?e.region=si({camera:a,viewport:h,ratio:c.width/h.width,affine:l,shape:[n,r],most:u,present:e.region})??m(64):e.region=m(ci),tt(t.topic,i,e.region,t.kind==="labels",t.limits!==null&&U(...t.limits))}#w(){if(this.#f==="")return;let t=[],e=!0;for(let i of this.#A){let o=this.#l.get(i.id);if(!o)continue;let n=o.frame&&hi(o.frame,i),r=o.overview.frame&&hi(o.overview.frame,i);r&&t.push({key:`overview ${i.id}`,frame:o.overview.frame,place:{...r,hole:n},look:{...this.#g(i,o,o.overview.frame),first:e}}),n&&t.push({key:`layer ${i.id}`,frame:o.frame,place:n,look:{...this.#g(i,o,o.frame),first:e}}),(n||r)&&(e=!1)}this.#i.setImages(t)}#g(t,e,i){let{opacity:o,blending:n,gamma:r}=t,l=this.#r.get(t.colors),a=!t.interpolation.startsWith("nearest");if(t.kind==="labels"){if(!l||l.kind==="scale")return{kind:"labels",low:0,high:1,gamma:1,opacity:o,blending:n,painting:rs};let f=`${t.colors} ${t.contour} ${t.selection} ${t.dtype}`;return e.paint?.of!==f&&(e.paint={of:f,painting:Wt(l,t)}),{kind:"labels",low:0,high:1,gamma:1,opacity:o,blending:n,painting:e.paint.painting}}let h=i.samples>=3,[c,u]=t.limits??[0,i.full>0&&h?i.full:Q(i.type)],m={kind:h?"color":"scalar",low:c,high:u,gamma:r,opacity:o,blending:n,smooth:a,opaque:as(t.dtype)};if(h)return m;if(l?.kind==="scale")return{...m,table:l.rgba,steps:l.steps,over:l.over,under:l.under,none:l.nan};let d=W(t.colormap)??"gray";return e.named?.name!==d&&(e.named={name:d,table:at(d)}),{...m,table:e.named.table}}},ai={topic:"",frame:null,region:null,stop:()=>{}};function li(s){for(let t of[s,s.overview])t.stop(),Object.assign(t,{topic:"",stop:()=>{}})}function ns({overview:s,index:t,kind:e,limits:i}){if(!s)return"";let o=t.split(","),[n,r]=[s.shape[o.indexOf("y")],s.shape[o.indexOf("x")]];return n>0&&r>0?tt(s.topic,o,{row:0,col:0,rows:n,cols:r,step:F(Math.max(n,r)/ci)},e==="labels",i!==null&&U(...i)):""}var rs=Wt({kind:"cyclic",background:"0",rgba:Uint8Array.from({length:256},(s,t)=>t%4===3?255:Math.round(127.5+127.5*Math.cos((t>>2)*2.399963+t%4*2.0944)))},{});function as(s){return{"|u1":255,"<u2":65535,">u2":65535}[s]??1}function fi(s,t){let{offset:e,pixel:i}=s??{};return!Y(e)||!Y(i)||!(i[0]>0&&i[1]>0)?null:$t(t,[i[1],0,e[1],0,i[0],e[0]])}function hi(s,{affine:t,index:e}){let i=fi(s,t),{row:o,col:n,rows:r,cols:l,step:a,shape:h}=s;if(!i||r===0||l===0)return null;let c=e.split(","),u=m=>Array.isArray(h)?h[c.indexOf(m)]:1/0;return{affine:$t(i,[a,0,n,0,a,o]),cols:Math.min(l,(u("x")-n)/a),rows:Math.min(r,(u("y")-o)/a)}}function ls(s){if(!s)return null;let{center:[t,e],zoom:i,size:[o,n]}=s;return{x0:e-n/i/2,y0:t-o/i/2,x1:e+n/i/2,y1:t+o/i/2}}function hs(s){let{center:t,zoom:e,size:i}=s??{};return Y(t)&&Y(i)&&i[0]>0&&i[1]>0&&e>0&&e<1/0?{center:t,zoom:e,size:i}:null}function cs(s){let t=[];for(let i of Array.isArray(s.layers)?s.layers:[]){let{id:o,topic:n,index:r,shape:l,kind:a,limits:h,gamma:c,opacity:u}=i??{},m=Se(i?.matrix);if(typeof o!="string"||typeof n!="string"||!/^y,x(,c)?$/.test(r)||!m||!$(m)||!Array.isArray(l)||l.length!==r.split(",").length||!l.every(f=>Number.isSafeInteger(f)&&f>=0))continue;let d=Y(i.base)&&i.base.every(f=>f>0)?i.base:l.slice(0,2);t.push({id:o,topic:n,index:r,shape:l,kind:a,affine:m,base:d,dtype:et(i.dtype),colors:et(i.colors),colormap:et(i.colormap),limits:Y(h)&&h[1]>h[0]?h:null,gamma:c>0&&c<1/0?c:1,opacity:u>=0&&u<=1?u:1,visible:i.visible!==!1,blending:et(i.blending),interpolation:et(i.interpolation)||"nearest",overview:fs(i.overview,l.length),contour:i.contour>0?Math.floor(i.contour):0,selection:/^-?[0-9]+$/.test(i.selection??"")?i.selection:null})}return{canvas:/^#[0-9a-f]{6}$/.test(s.canvas??"")?[1,3,5].map(i=>parseInt(s.canvas.slice(i,i+2),16)):null,layers:t}}function fs(s,t){let{topic:e,shape:i}=s??{};return typeof e=="string"&&Array.isArray(i)&&i.length===t&&i.every(n=>Number.isSafeInteger(n)&&n>=0)?{topic:e,shape:i}:null}function us(s,t=new Map){let e=new Map;for(let[i,o]of Object.entries(s.tables??{})){let n=t.get(i)??ms(o);n&&e.set(i,n)}return e}function ms(s){let t;try{t=Uint8Array.from(atob(s.table),r=>r.charCodeAt(0))}catch{return null}let e=t.length/4,i=/^-?[0-9]+$/.test(s.background??"")?s.background:"0";if(s.kind==="scale"&&e===256)return{kind:"scale",rgba:t,steps:s.steps===!0,over:Jt(s.over),under:Jt(s.under),nan:Jt(s.nan)};if(s.kind==="cyclic"&&e>=2&&Number.isInteger(e))return{kind:"cyclic",rgba:t,background:i};let o=s.labels??[],n=Array.isArray(o)&&o.every(r=>/^-?[0-9]+$/.test(r));return s.kind==="direct"&&n&&e===o.length+1?{kind:"direct",rgba:t,labels:o,background:i}:null}function Jt(s){return Array.isArray(s)&&s.length===4&&s.every(t=>t>=0&&t<=255)?s:null}function et(s){return typeof s=="string"?s:""}function Y(s){return Array.isArray(s)&&s.length===2&&s.every(Number.isFinite)}var ds=100,ps=1024,te=class{#t;#i;#e;#o;#s=null;#h=null;#c=null;#r=null;#p="";#d=()=>{};#l=!0;#f=!1;#y=!1;#v=0;#E=0;#T={name:"",colors:null};#n=()=>this.#m();constructor(t,e,i,o){this.#t=e,this.#i=i,this.#e=o,this.#o=t.appendChild(document.createElement("i")),this.#o.hidden=!0,document.addEventListener("visibilitychange",this.#n)}take(t){let e=xs(t.picture),i=this.#s;this.#s=e,(e?.topic!==i?.topic||e?.index!==i?.index)&&(this.#h=null,this.#r=null),!!e!=!!i&&this.#e(e!==null),this.#u(),this.#a()}moved(t){let e=this.#c,{camera:i,viewport:o}=t;this.#c={...t,camera:{...i},viewport:{...o},size:{...t.size}},e&&i.x===e.camera.x&&i.y===e.camera.y&&i.scale===e.camera.scale&&o.width===e.viewport.width&&o.height===e.viewport.height||this.#u()}setShown(t){this.#l=t,this.#u(),this.#a()}setPaused(t){this.#y=t,this.#u()}destroy(){clearTimeout(this.#v),document.removeEventListener("visibilitychange",this.#n),this.#d(),this.#o.remove()}#u(){this.#v===0&&(this.#v=setTimeout(()=>{this.#v=0,this.#m()},Math.max(this.#E+ds-performance.now(),0)))}#m(){let t=this.#A();t===this.#p||this.#y&&t!==""||(this.#E=performance.now(),this.#d(),this.#p=t,t===""?(this.#d=()=>{},this.#o.removeAttribute("data-topic")):(this.#o.dataset.topic=t,this.#d=this.#i(t,e=>{this.#y||!e.data||(this.#h=e,this.#u(),this.#a())})),Z())}#A(){let t=this.#s;if(!t||!this.#l||!t.visible||document.hidden||!this.#c)return"";let e=t.index.split(","),i=this.#h?.shape?.length===e.length?this.#h.shape:t.shape,[o,n]=[i[e.indexOf("y")],i[e.indexOf("x")]];if(!(o>0&&n>0))return"";let{camera:r,viewport:l,size:a,most:h}=this.#c,c=ui(this.#h);return c?this.#r=ii({camera:r,viewport:l,ratio:a.width/l.width,place:c,shape:[o,n],most:h,present:this.#r})??{row:0,col:0,rows:o,cols:n,step:F(Math.max(o,n)/64)}:this.#r={row:0,col:0,rows:o,cols:n,step:F(Math.max(o,n)/ps)},tt(t.topic,e,this.#r,t.kind==="labels",t.limits!==null&&U(...t.limits))}#a(){let{kind:t,colormap:e,limits:i,gamma:o,opacity:n,visible:r}=this.#s??{},l=this.#h,a=ui(l);if(!a||!r||!this.#l||l.rows===0||l.cols===0){this.#f&&this.#t.setImages([]),this.#f=!1;return}this.#f=!0;let h=W(e)??"gray";this.#T.name!==h&&(this.#T={name:h,colors:at(h)});let c=this.#s.index.split(","),u=Array.isArray(l.shape)?[l.shape[c.indexOf("y")],l.shape[c.indexOf("x")]]:[1/0,1/0],m=l.samples>=3,[d,f]=m||!i?[0,l.full>0?l.full:Q(l.type)]:i;this.#t.setImages([{key:"under",frame:l,place:ri(l,a,u),look:{kind:t==="labels"?"labels":m?"color":"scalar",low:d,high:f,gamma:m?1:o,table:this.#T.colors,opacity:n,additive:!1}}])}};function ui(s){let{offset:t,pixel:e}=s??{};return!ee(t)||!ee(e)||!(e[0]>0&&e[1]>0)?null:{x:t[1],y:t[0],width:e[1],height:e[0]}}function xs(s){if(typeof s?.topic!="string"||!/^([0-9]+,)*y,x(,c)?$/.test(s.index))return null;let{shape:t,limits:e,gamma:i,opacity:o}=s;return!Array.isArray(t)||t.length!==s.index.split(",").length||!t.every(n=>Number.isSafeInteger(n)&&n>=0)?null:{topic:s.topic,index:s.index,shape:t,kind:s.kind==="labels"?"labels":"image",colormap:s.colormap,limits:ee(e)&&e[1]>e[0]?e:null,gamma:i>0&&i<1/0?i:1,opacity:o>=0&&o<=1?o:1,visible:s.visible!==!1}}function ee(s){return Array.isArray(s)&&s.length===2&&s.every(Number.isFinite)}function Io(s,t={}){let e=s.querySelector("[data-viewer-canvas]"),i=s.querySelector("[data-viewer-overlay]");if(!e||!i)throw new Error("create viewer: the root element lacks its two canvases, data-viewer-canvas and data-viewer-overlay");gs(s,e,i);let o=new AbortController,{signal:n}=o,r=new nt(s,e),l=(f,p)=>{t.onAction?.(f,p),s.dispatchEvent(new CustomEvent(`viewer:${f}`,{bubbles:!0,detail:p}))},a=!1,h=new bt({canvas:e,overlay:i},r,{theme:s,reducedMotion:t.reducedMotion??matchMedia("(prefers-reduced-motion: reduce)").matches,onPaint:t.onPaint,onFrame:t.onFrame,onPictures:t.onPictures,onMode:f=>{f==="follow"!==a&&(a=f==="follow",r.follow(a),l("follow",{follow:a}))}});r.follow(!1);let c={fit:()=>h.fit(),follow:()=>h.setFollow(!h.following),"zoom-in":()=>h.zoomBy(Et),"zoom-out":()=>h.zoomBy(1/Et),png:()=>h.toPNG().then(f=>l("png",{blob:f}),f=>r.say(f.message))};r.scope.addEventListener("click",f=>{let p=f.target instanceof Element&&f.target.closest("[data-viewer-action]");p&&c[p.dataset.viewerAction]?.()},{signal:n}),fe(e,{pan:(f,p)=>h.pan(f,p),pinch:(f,p)=>h.pinch(f,p),zoomAt:(f,p,x)=>h.zoomAt(f,p,x),zoomTo:(f,p,x)=>h.zoomTo(f,p,x),zoomBy:f=>h.zoomBy(f),step:(f,p)=>h.step(f,p),fit:c.fit,follow:c.follow,grid:()=>l("grid",{}),point:(f,p)=>h.point(f,p),leave:()=>h.point(null,null),draws:t.draws,draw:t.draw,presses:t.presses},n),e.addEventListener("webglcontextlost",f=>{f.preventDefault(),h.contextLost()},{signal:n}),e.addEventListener("webglcontextrestored",()=>h.contextRestored(),{signal:n});let u=()=>h.themeChanged();s.ownerDocument.addEventListener("themechange",u,{signal:n}),matchMedia("(prefers-color-scheme: dark)").addEventListener("change",u,{signal:n});let m=ws(e,(f,p)=>h.resize(f,p,bs(s))),d={update:f=>h.update(f),setImages:f=>h.setImages(f),setPoints:f=>h.setPoints(f),setScene:f=>h.setScene(f),flush:()=>h.flush(),setLayered:f=>h.setLayered(f),setCamera:f=>h.setCamera(f),setTiles:f=>h.setTiles(f),setMarks:f=>h.setMarks(f),zoomBy:f=>h.zoomBy(f),toData:(f,p)=>h.toData(f,p),setPaused:f=>h.setPaused(f),setStale:f=>h.setStale(f),setFollow:f=>h.setFollow(f),fit:()=>h.fit(),readPixels:(f,p,x,g)=>h.readPixels(f,p,x,g),toPNG:()=>h.toPNG(),toScreen:(f,p)=>h.toScreen(f,p),stats:()=>h.stats(),destroy(){o.abort(),m.disconnect(),h.destroy(),delete s.viewer}};return s.viewer=d,d}function gs(s,t,e){getComputedStyle(s).position==="static"&&(s.style.position="relative");for(let i of[t,e])Object.assign(i.style,{position:"absolute",inset:"0",width:"100%",height:"100%",display:"block"});t.style.touchAction="none",e.style.pointerEvents="none"}function bs(s){let t=getComputedStyle(s),e=i=>parseFloat(t[`padding${i}`])||0;return{top:e("Top"),right:e("Right"),bottom:e("Bottom"),left:e("Left")}}function ws(s,t){let e=new ResizeObserver(i=>{let o=i[i.length-1],n={width:o.contentRect.width,height:o.contentRect.height},r=o.devicePixelContentBoxSize?.[0];t(n,r?{width:r.inlineSize,height:r.blockSize}:{width:n.width*devicePixelRatio,height:n.height*devicePixelRatio})});try{e.observe(s,{box:"device-pixel-content-box"})}catch{e.observe(s)}return e}export{Ti as a,Is as b,W as c,at as d,Q as e,ii as f,tt as g,ri as h,Qt as i,te as j,Io as k};
