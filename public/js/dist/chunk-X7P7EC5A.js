import{a as T,b as dt,c as mt,d as xt,e as Ct,f as Wt,g as Xt,h as Vt,i as Yt,j as Ht,k as Zt,l as qt,m as jt,n as Kt,o as gt}from"./chunk-WXKQNJAO.js";import{a as Qt,c as pt,d as Y}from"./chunk-74V2G5BH.js";import{b as Jt}from"./chunk-FKBLOAEK.js";function ee(s){let t=Number.isInteger(s.level)&&s.level>=0&&s.level<64?s.level:0,e=s.tile_size;if(!(Number.isFinite(e)&&e>=1))return null;let i=H(s.tile_shape)??[e,e],o=H(s.image_shape),n=H(s.grid);if(!o&&!n||(o??=n.map((m,f)=>m*i[f]),n??=o.map((m,f)=>Math.ceil(m/i[f])),n=n.map(Math.floor),n.some(m=>m>2147483648)))return null;let r=H(s.base_shape)??o.map(m=>m*2**t),a=[te(r[0],o[0],t),te(r[1],o[1],t)].map((m,f)=>m*i[f]),l=n.map((m,f)=>Math.min(m,o[f]/i[f])),{rects:c,refused:u}=wt(s.tiles,n),d=Number.isInteger(s.ideal_level)&&s.ideal_level>=0?s.ideal_level:null;return{topic:String(s.topic),time:Number.isFinite(s.time)?s.time:null,level:t,ideal:d,excess:s.excess>0&&s.excess<1/0?s.excess:4**((d??t)-t),base:r,image:o,grid:n,tileSize:e,tile:a,extent:l,box:{x0:0,y0:0,x1:r[1],y1:r[0]},view:He(s.corners),rects:c,refused:u,loading:wt(s.loading,n).rects,reloaded:wt(s.reloaded,n).rects,count:Number.isFinite(s.count)?s.count:vt(c)}}function te(s,t,e){let i=r=>Math.floor(s/r)<=t&&t<=Math.ceil(s/r),o=2**e;if(i(o))return o;let n=Math.round(s/t);return n>=1&&i(n)?n:s/t}function ie(s,t){if(s===t)return!0;if(!s||!t||!bt(s.rects,t.rects))return!1;for(let e=0;e<2;e++)if(s.grid[e]!==t.grid[e]||s.tile[e]!==t.tile[e]||s.extent[e]!==t.extent[e])return!1;return!0}function se(s,t){return!s||!t?s===t:s.level===t.level&&s.ideal===t.ideal&&bt(s.loading,t.loading)&&bt(s.reloaded,t.reloaded)}function bt(s,t){return s.length===t.length&&s.every((e,i)=>e===t[i])}function oe(s,t,e){return Z(s.rects,t,e)}function Z(s,t,e){for(let i=0;i<s.length;i+=4)if(t>=s[i]&&t<s[i]+s[i+2]&&e>=s[i+1]&&e<s[i+1]+s[i+3])return!0;return!1}function H(s){return!Array.isArray(s)||s.length!==2?null:s.every(t=>Number.isFinite(t)&&t>0&&t<=Number.MAX_SAFE_INTEGER)?s:null}function He(s){if(!Array.isArray(s)||s.length!==2)return null;let[t,e]=s;return[t,e].every(i=>Array.isArray(i)&&i.length===2&&i.every(Number.isFinite))?{x0:Math.min(t[1],e[1]),y0:Math.min(t[0],e[0]),x1:Math.max(t[1],e[1]),y1:Math.max(t[0],e[0])}:null}function wt(s,t){if(!Array.isArray(s))return{rects:new Float64Array(0),refused:0};let e=new Float64Array(s.length-s.length%4),i=0;for(let o=0;o+3<s.length;o+=4){let n=s[o],r=s[o+1],h=n+s[o+2],a=r+s[o+3];if(!(Number.isSafeInteger(n)&&Number.isSafeInteger(r)&&Number.isSafeInteger(h)&&Number.isSafeInteger(a)))continue;let l=Math.max(n,0),c=Math.max(r,0),u=Math.min(h,t[0])-l,d=Math.min(a,t[1])-c;u<1||d<1||(e[i++]=l,e[i++]=c,e[i++]=u,e[i++]=d)}return{rects:e.subarray(0,i),refused:Math.ceil(s.length/4)-i/4}}function vt(s){let t=0;for(let e=0;e<s.length;e+=4)t+=s[e+2]*s[e+3];return t}var Ze=2e3,qe={empty:"No tiles yet.",paused:"Paused",stale:"Not up to date",lost:"The graphics were interrupted; the picture comes back by itself.",unsupported:"This browser has no WebGL2, so there is no picture here. The table shows the same in numbers."},j=class{#t;#i;#e;#o=0;#s="";constructor(t,e){this.#t=t,this.#i=e,this.#e=t.closest("[data-viewer-scope]")??t.ownerDocument}get scope(){return this.#e}state(t){if(this.#t.dataset.state===t)return;this.#t.dataset.state=t;let e=this.#t.querySelector("[data-viewer-note]");if(!e)return;let i=this.#t.getAttribute(`data-note-${t}`)??qe[t]??"";e.textContent=i,e.hidden=i===""}say(t){let e=this.#t.querySelector("[data-viewer-note]");e&&(e.textContent=t,e.hidden=!1)}painted(t,e){this.#t.dataset.frames=String(t),e&&(this.#t.dataset.ready="true")}pictured(t){this.#t.dataset.pictures=String(t)}follow(t){for(let e of this.#e.querySelectorAll("[data-viewer-action=follow]"))e.setAttribute("aria-pressed",String(t))}readout(t,e){let i=this.#e.querySelector("[data-viewer-readout]");if(!i)return;let o=t&&e?je(t,e[0],e[1]):"";i.textContent!==o&&(i.textContent=o)}label(t){if(this.#o!==0)return;let e=()=>{let i=t();i!==this.#s&&this.#i.setAttribute("aria-label",i),this.#s=i};this.#s===""&&e(),this.#o=setTimeout(()=>{this.#o=0,e()},Ze)}destroy(){clearTimeout(this.#o)}};function je(s,t,e){let i=u=>String(Math.floor(u)),o=(u,d)=>i(u).padStart(i(d).length,"\u2007"),n=`y ${o(e,s.base[0])}  x ${o(t,s.base[1])}`,r=Math.floor(e/s.tile[0]),h=Math.floor(t/s.tile[1]);if(e<0||t<0||e/s.tile[0]>=s.extent[0]||t/s.tile[1]>=s.extent[1])return`${n}  outside the image`;let l=`row ${o(r,s.grid[0])}  column ${o(h,s.grid[1])}`,c=[oe(s,r,h)?"drawn":"not drawn"];return Z(s.loading,r,h)&&c.push("loading"),Z(s.reloaded,r,h)&&c.push("loaded again without need"),`${n}  ${l}  ${c.join(", ")}`}function ne(s){if(!s)return"Tile viewer, no tiles yet";let[t,e]=s.grid,i=t*e,o=s.view?`; the view shows rows ${q(s.view.y0)} to ${q(s.view.y1)}, columns ${q(s.view.x0)} to ${q(s.view.x1)} of the data`:"",n=yt(s),r=[[s.loading,"loading"],[s.reloaded,"loaded again without need"]].filter(([h])=>h.length>0).map(([h,a])=>`, ${vt(h)} ${a}`).join("");return`Tile viewer, level ${s.level}${n&&`, ${n}`}: ${s.count} of ${i} tiles drawn${r}, ${t} rows by ${e} columns${o}`}function yt({level:s,ideal:t,excess:e}){if(t===null||t===s)return"";let i=Math.max(Math.round(e>=1?e:1/e),2);return`the screen would need ${t}: ${i}x ${e>=1?"more":"fewer"} pixels than needed`}function q(s){return Math.round(s)}function ae(s){return Math.max(0,Math.ceil(-Math.log2(s)))}function Ke(s,t){return Math.min(.05,4*t/s)}function Qe(s){let t=Math.min(Math.max((s-2)/2,0),1);return t*t*(3-2*t)}function Et(s,t,e,i){let o=Math.floor(s),n=Math.ceil(t)-1,r=1,h=e/2;return o>=n&&t-n<1&&(r=t-n,h=Math.min(h,r*.25)),(o*(1-e)+Math.min(Math.max(s-o-h,0),r-2*h))*i+s*(1-e)*(1-i)}function St(s,t,e,i){let{centre:o,scale:n,tile:r,extent:h,detail:a,anchor:l}=i,c=r*n,u=Ke(c,i.ratio),d=Qe(c),m=2**a,f=Math.floor(o/r),x=1/c,g=(o-f*r)/r-e/2*x,w=-f,v=h-f;for(let y=0;y<e;y++,t+=4){let b=Math.max(g+y*x,w),P=Math.min(g+(y+1)*x,v);if(P>b){let I=Math.floor((f+Math.floor(b))/m),U=(I+1)*m-f,p=Et(b,v,u,d),V=Et(Math.min(P,U),v,u,d),B=P>U?Et(P,v,u,d)-V:0;s[t]=I-l,s[t+1]=ti((V-p)*c,B*c),s[t+2]=1073741824}else s[t]=0,s[t+1]=0,s[t+2]=0;s[t+3]=0}i.view&&Je(s,t-e*4,e,i)}function Je(s,t,e,i){let{centre:o,scale:n,view:r,edge:h,casing:a}=i,l=(r[0]-o)*n+e/2,c=(r[1]-o)*n+e/2,u=h/2,d=Math.max(Math.floor(l-u-a),0),m=Math.min(Math.ceil(c+u+a),e);for(let f=d;f<m;f++){let x=t+f*4;s[x+2]|=Tt(f,l-u-a,c+u+a)|Tt(f,l-u,c+u)<<10|Tt(f,l+u,c-u)<<20}}function Mt(s,t,e,{detail:i,anchor:o},n,r){let h=2**i,a=Math.min(n.length/4,16),l=NaN,c=0;for(let u=0;u<e;u++,t+=4)if(s[t+1]!==0){if(s[t]!==l){l=s[t],c=0;let d=(l+o)*h;for(let m=0;m<a;m++){let f=n[m*4+r],x=f+n[m*4+2+r];f<d+h&&x>d&&(c|=1<<m),f<d+2*h&&x>d+h&&(c|=1<<m+16)}c>>>=0}s[t+3]=c}}function Tt(s,t,e){return Math.round(Math.max(Math.min(s+1,e)-Math.max(s,t),0)*1023)}function ti(s,t){return(re(s)|re(t)<<16)>>>0}function re(s){return Math.round(Math.min(Math.max(s,0),1)*65535)}function At(s,{centre:t,scale:e,tile:i,extent:o,detail:n}){let r=2**n,h=s/2/e,a=Math.max((t-h)/i,0),l=Math.min((t+h)/i,o);if(!(l>a))return null;let c=Math.ceil(Math.ceil(o)/r)-1;return[Math.max(Math.floor(a/r)-1,0),Math.min(Math.floor(l/r)+1,c)]}var z=14,F=1<<z,le=4096,$=16,It=F/2-$,M=4,Rt=1,Nt=2654435761,G=9,he=12,fe=20,Wi=1<<fe-1,_t=128,O=_t/32,ei=16;function ue(s){let t=[],e=s.length/4<=16;for(let a=0;a<s.length;a+=4)(e||s[a+2]*s[a+3]>=ei)&&t.push(a);t.length>_t&&(t.sort((a,l)=>s[l+2]*s[l+3]-s[a+2]*s[a+3]),t.length=_t);let i=new Set(t),o=new Float64Array(t.length*4),n=new Float64Array(s.length-o.length),r=0,h=0;for(let a=0;a<s.length;a+=4)if(i.size>0&&i.has(a))for(let l=0;l<4;l++)o[r++]=s[a+l];else for(let l=0;l<4;l++)n[h++]=s[a+l];return{bands:o,rest:n}}function Lt(s,t,e,i,o,n,r){s.fill(0,t,t+n*O);let h=2**r;for(let a=0;a<e.length/4;a++){let l=e[a*4+i],c=l+e[a*4+2+i],u=Math.max(Math.floor(l/h)-o,0),d=Math.min(Math.ceil(c/h)-o,n),m=1<<(a&31);for(let f=u,x=t+u*O+(a>>5);f<d;f++,x+=O)s[x]|=m}}function Pt(s,t,e){if(e!==null&&s>=e&&t<e+F)return e;let i=Math.floor((s+t)/2);return Math.max(0,Math.floor((i-F/2)/le)*le)}function ce(s,t){return Math.imul(s,Nt)>>>t}var K=class{constructor(){this.#t(he),this.coarse=0}entries;shift;count;probes;bounds;build(t,e,i,o){for(this.coarse=0;;this.coarse++)if(this.#t(he),this.#i(t,e,i,o))return this}lookup(t,e){let i=t>>this.coarse<<z|e>>this.coarse,o=this.entries.length-1;for(let n=ce(i,this.shift),r=0;r<this.probes;n=n+1&o,r++){let h=this.entries[n];if(h===0)return 0;if(h>>>M===i)return h&(1<<M)-1}return 0}#t(t){let e=1<<t;this.entries&&this.entries.length===e?this.entries.fill(0):this.entries=new Uint32Array(e),this.shift=32-t,this.count=0,this.probes=1,this.bounds=[F,F,-1,-1]}#i(t,e,i,o){let n=2**e;for(let r=0;r<t.length;r+=4){let h=m=>Math.min(Math.max(m,0),F),a=h(Math.floor(t[r]/n)-i)>>this.coarse,l=h(Math.floor(t[r+1]/n)-o)>>this.coarse,c=h(Math.ceil((t[r]+t[r+2])/n)-i)-1>>this.coarse,u=h(Math.ceil((t[r+1]+t[r+3])/n)-o)-1>>this.coarse;if(c<a||u<l)continue;for(let m=a;m<=c;m++)for(let f=l;f<=u;f++)if(this.#e(m<<z|f,Rt),this.count*2>this.entries.length&&!this.#o())return!1;let d=this.bounds;this.bounds=[Math.min(d[0],a),Math.min(d[1],l),Math.max(d[2],c),Math.max(d[3],u)]}return!0}#e(t,e){let i=this.entries,o=i.length-1,n=ce(t,this.shift);for(let r=1;;n=n+1&o,r++){let h=i[n];if(!(h!==0&&h>>>M!==t)){h===0&&(this.count++,r>this.probes&&(this.probes=r)),e>(h&(1<<M)-1)&&(i[n]=(t<<M|e)>>>0);return}}}#o(){let t=33-this.shift;if(t>fe)return!1;let e=this.entries,i=this.bounds;this.#t(t),this.bounds=i;for(let o of e)o!==0&&this.#e(o>>>M,o&(1<<M)-1);return!0}};var de={gray:"000000ffffff",green:"00000000ff00",magenta:"000000ff00ff",red:"000000ff0000",blue:"0000000000ff",cyan:"00000000ffff",yellow:"000000ffff00",gray_r:"ffffff000000",bop_blue:"00000020adf8",bop_orange:"000000f8ad20",bop_purple:"000000942094",i_blue:"ffffff0033cc",i_bordeaux:"ffffffcc0033",i_forest:"ffffff009900",i_orange:"ffffffff7500",i_purple:"ffffff7500ff",ice:"0000ffffffff",hilo:"000000ffffff",fire:"ffffffffffbfffff80ffff40ffff00ffbf00ff8000ff4000ff0000",viridis:"440154470d6048186a482374472d7b4536814240863f49893b528b375a8d33638d2f6a8e2c728e297a8e26818e23898e21908c1f988b1f9f8821a68528ae8031b57b3ebc744cc26c5dc9636ece5882d34c96d83fabdc32c0df24d5e21aeae51afde725",magma:"0000040303110a0822130d331d114628115a36106a430f7650127c5d177f691c817621818226818f2a819c2e7fa9327db63779c33b75cf4170db486ae65163ee5c5ef5695cf9785dfb8761fd9668fea571feb47bfec387fed194fde0a2fceeb0fcfdbf",inferno:"0000040403120b0724150b37210c4a2e0a5a3c09654a0c6b57106d63146e70196e7d1e6d89226a962766a32b61af315cbb3755c63e4dd14644db4f3be35932eb6528f1711ef67f14f98d0afb9c06fcab0ffbba1ff9ca32f5d949f2e865f3f586fcffa4",plasma:"0d08872206903105963f049c4c02a15901a56600a77201a87e03a88909a69511a29f1a9ca92396b22c8ebb3587c33e80cb4778d25071d9596ae06263e66c5ceb7555f07f4ff48a48f89441fb9f3afdab33feb72dfdc328fcd025f9dd25f5eb27f0f921",turbo:"30123b392a734040a14456c7466be3467ff64293ff37a7fa29bbec1dcdd818dcc31ee8b031f2994cf97e6bfd648aff4da3fd3cb8f735cced34dee037edd03af8c03afdae35fe982cfb8022f56817ec520fe04009d23105c02302ac1701950d017a0403",twilight:"e2d9e2d6d7ddc2ced4aac2cc94b4c781a6c37296c16886be6275ba5f63b55e50ac5d3da0592a8f511b7745135c3811453014373a113a4b134260184a751e4f882850993550a74550b25752bc6958c37d63c89073cca489d2b6a3d9c7bfdfd4d6e2d9e2",gist_earth:"0000000502740b15751027771538781b497a20587b25667d2a737e30808034847637896c3b8e633f925943974f4b9b465da04b6ea4507ea8538bab5698af58a5b25bb3b65db9b260bdab62c0a565c8a677d0ad8ad9b59ee2c2b3ebd1cbf4e4e3fdfbfb",PiYG:"8e01529f095fb0116dc2197acb3289d34f99db6ba8e283b6e796c4edaad2f2bbddf6c8e3fad5eafde1f0fbe9f2f9f0f5f7f7f7f2f6ebecf6dfe7f5d2dbf0becceaa6bee48fadda799ccf648ac34e79b73d69aa335a9d294b8f213f811e33721b276419",hsv:"ff0000ff2f00ff5e00ff8d00ffbc00ffeb00e4ff00b5ff0085ff0056ff0027ff0003ff0a00ff3700ff6600ff9500ffc400fff300dcff00adff007eff004fff0020ff0f00ff3f00ff6e00ff9d00ffcc00fff800fdff00d4ff00a5ff0076ff0047ff0018"},ii=[["gray","gray"],["green","green"],["magenta","magenta"],["red","red"],["blue","blue"],["cyan","cyan"],["yellow","yellow"],["viridis","viridis"],["magma","magma"],["inferno","inferno"],["plasma","plasma"],["turbo","turbo"],["twilight","twilight"],["PiYG","PiYG"],["gist_earth","gist earth"],["hsv","hsv"],["hilo","high and low marked"],["bop_blue","bop blue"],["bop_orange","bop orange"],["bop_purple","bop purple"],["i_blue","I Blue"],["i_bordeaux","I Bordeaux"],["i_forest","I Forest"],["i_orange","I Orange"],["i_purple","I Purple"],["ice","ice"],["fire","fire"],["gray_r","gray, reversed"]],Vi=["magenta","green","cyan","yellow","red","blue"],si=new Map(ii.map(([s])=>[s.toLowerCase(),s])),oi=new Map([["grey","gray"],["grays","gray"],["greys","gray"],["gray_r","gray_r"],["twilight_shifted","twilight"],["piyg","PiYG"],["colormap_hilo","hilo"]]);function Q(s){if(typeof s!="string")return null;let t=s.trim().toLowerCase().replace(/[\s-]+/g,"_");return si.get(t)??oi.get(t)??null}function me(s,t=!1){let e=new Uint8Array(1024),i=/^#[0-9a-f]{6}$/i.test(s)?`000000${s.slice(1)}`:de[Q(s)??"gray"]??de.gray,o=[];for(let r=0;r<i.length;r+=2)o.push(parseInt(i.slice(r,r+2),16));let n=o.length/3-1;for(let r=0;r<256;r++){let h=(t?255-r:r)/255*n,a=Math.min(Math.floor(h),n-1);for(let l=0;l<3;l++){let c=o[a*3+l];e[r*4+l]=Math.round(c+(o[a*3+3+l]-c)*(h-a))}e[r*4+3]=255}return Q(s)==="hilo"&&(e.set([0,0,255],t?1020:0),e.set([255,0,0],t?0:1020)),e}var Ot=2654435761,Dt=2246822519;function xe(s){let t,e;if(typeof s=="bigint")t=Number(s&0xffffffffn),e=Number(s>>32n&0xffffffffn);else{let o=Math.trunc(s);if(!(o>=-(2**63)&&o<2**63))return 0;t=o>>>0,e=Math.floor(o/2**32)>>>0}if(t===0&&e===0)return 0;let i=t+Math.imul(e,Dt)>>>0;return 1+(Math.imul(i,Ot)>>>16)%255}function ge(){let s=new Uint8Array(1024);for(let t=1;t<256;t++){let e=t*137.50776405%360,i=[.55,.7,.42][t%3],o=.75,n=r=>{let h=(r+e/30)%12;return Math.round(255*(i-o*Math.min(i,1-i)*Math.max(-1,Math.min(h-3,9-h,1))))};s.set([n(0),n(8),n(4),255],t*4)}return s}var ni=`
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
#ifdef ENTRIES
  int entry = int(label);
#else
  uint upper = negative && int(label) < 0 ? 0xffffffffu : 0u;
  int entry = label == 0u ? 0 : 1 + int(((label + upper * ${Dt}u) * ${Ot}u >> 16) % ${255}u);
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
`;function pe(s,t){return`#version 300 es
${[s!=="float"&&"INTEGER",s==="wide"&&"WIDE",s==="entries"&&"ENTRIES",t==="color"&&"COLOR",t==="labels"&&"LABELS",(t==="phase"||t==="contours")&&"ANGLES",t==="contours"&&"CONTOURS"].filter(Boolean).map(i=>`#define ${i}
`).join("")}${ni}`}var we=3,be=4,ve=5,ri=2,ye=1e6,Ee=["","RED","RG","RGB","RGBA"],ai=["","R","RG","RGB","RGBA"],C={u1:{suffix:"8UI",store:"integer",type:"UNSIGNED_BYTE"},u2:{suffix:"16UI",store:"integer",type:"UNSIGNED_SHORT"},u4:{suffix:"32UI",store:"wide",type:"UNSIGNED_INT"},i4:{suffix:"32UI",store:"wide",type:"UNSIGNED_INT",negative:!0},f4:{suffix:"32F",store:"float",type:"FLOAT"},entries:{suffix:"8UI",store:"entries",type:"UNSIGNED_BYTE"}},li={u4:[0,2**32-1],i4:[-(2**31),2**31-1]};function Ft(s){return{u1:255,u2:65535}[s]??1}function hi(s){return s.full>0?s.full:Ft(s.type)}function ci(s,{kind:t,low:e,high:i}){let{type:o,data:n}=s;if(t==="labels")return C[o]&&o!=="f4"?{type:o,relative:!1,make:()=>o==="i4"?Te(n):n}:{type:"entries",relative:!1,make:()=>Uint8Array.from(n,xe)};if(C[o]&&o!=="f4")return{type:o,relative:!1,make:()=>o==="i4"?Te(n):n};let r=t==="scalar"&&(o==="i8"||o==="u8"||Y(e,i));return r?{type:"f4",relative:r,make:()=>fi(s,e,i)}:{type:"f4",relative:r,make:()=>o==="f4"?n:Float32Array.from(n,Number)}}function Te({buffer:s,byteOffset:t,length:e}){return new Uint32Array(s,t,e)}function fi(s,t,e){let{base:i,data:o}=Qt(s),n=pt(t,i),r=pt(e,i),h=new Float32Array(o.length),a=r-n<1/0?1:.25,l=r*a-n*a||Number.MIN_VALUE;for(let c=0;c<h.length;c++)h[c]=(o[c]*a-n*a)/l;return h}var ui=null,J=class{#t;#i;#e=new Map;#o=new Map;#s=[];constructor(t,e){this.#t=t,this.#i=e}get any(){return this.#s.length>0}restore(){this.#e.clear();for(let t of this.#o.values())Object.assign(t,{texture:null,frame:null,colors:null,table:null})}set(t){this.#s=[];let e=new Set;for(let i of t){e.add(i.key),this.#o.has(i.key)||this.#o.set(i.key,{texture:null,frame:null,colors:null,table:null});let o=this.#o.get(i.key);o.picture=i,this.#s.push(o)}for(let[i,o]of this.#o)e.has(i)||(this.#f(o),this.#o.delete(i))}draw(t){let e=this.#t;e.enable(e.BLEND),e.enable(e.SCISSOR_TEST);let i=null;for(let o of this.#s){let{frame:n}=o.picture;if(n.rows===0||n.cols===0||!(o.picture.look.opacity>0))continue;let r=this.#l(o,t);r&&(i=i?[Math.min(r[0],i[0]),Math.min(r[1],i[1]),Math.max(r[2],i[2]),Math.max(r[3],i[3])]:r)}return e.disable(e.SCISSOR_TEST),e.disable(e.BLEND),i}destroy(){for(let t of this.#o.values())this.#f(t);this.#o.clear(),this.#s=[];for(let t of this.#e.values())this.#t.deleteProgram(t.name);this.#e.clear()}#l(t,{width:e,height:i,viewport:o,camera:n,canvas:r,dim:h}){let a=this.#t,{frame:l,place:c,look:u}=t.picture,d=e/o.width,m=i/o.height,f=Me(c.x,c.width,c.right,n.x,n.scale*d,e),x=Me(c.y,c.height,c.bottom,n.y,n.scale*m,i),g=Math.max(Math.floor(f.low),0),w=Math.min(Math.ceil(f.high),e),v=Math.max(Math.floor(x.low),0),y=Math.min(Math.ceil(x.high),i);if(g>=w||v>=y)return null;let b=u.kind==="color"&&l.samples<3?"scalar":u.kind,P=b==="phase"||b==="contours",I=ci(l,{...u,kind:b});if(P&&I.type!=="f4")return null;let U=this.#x(C[I.type].store,b);a.useProgram(U.name),this.#h(t,b,I);let p=Ye=>U.uniform(Ye);a.viewport(0,0,e,i),a.scissor(g,i-y,w-g,y-v),a.uniform1i(p("picture"),we),a.uniform1i(p("colors"),be),a.uniform1i(p("height"),i),a.uniform2f(p("centre"),e/2,i/2),a.uniform4f(p("edge"),f.low,x.low,f.high,x.high),a.uniform2i(p("size"),l.cols,l.rows),a.uniform2i(p("home"),f.home,x.home),a.uniform2f(p("rest"),f.rest,x.rest),a.uniform2f(p("texels"),f.texels,x.texels);let V=Math.min(Math.abs(1/f.texels),Math.abs(1/x.texels))>=ri&&l.step===1;a.uniform1i(p("smoothly"),b!=="labels"&&!u.nearest&&(u.smooth||!V)?1:0),P&&(a.uniform1i(p("weights"),ve),a.uniform1f(p("weighing"),this.#n(t)),a.uniform1f(p("lines"),u.lines??0),a.uniform1f(p("ratio"),d));let[B,Ve]=I.relative?[0,1]:[Number(u.low),Number(u.high)],ct=Ve-B,ft=b==="scalar"&&li[I.type],Gt=ft?Math.min(Math.max(Math.floor(B),ft[0]),ft[1]):0;a.uniform1ui(p("zero"),Gt>>>0),a.uniform1i(p("negative"),C[I.type].negative?1:0),a.uniform2f(p("limits"),B-Gt,Number.isFinite(ct)&&ct!==0?1/ct:1e30),a.uniform1f(p("gamma"),u.gamma>0?u.gamma:1),a.uniform1f(p("opacity"),u.opacity),a.uniform1f(p("opaque"),l.samples===4?hi(l):0);let ut=u.additive?[0,0,0]:r;return a.uniform4f(p("veil"),ut[0]/255,ut[1]/255,ut[2]/255,h),a.blendFunc(a.ONE,u.additive?a.ONE:a.ONE_MINUS_SRC_ALPHA),a.drawArrays(a.TRIANGLES,0,3),[g,v,w,y]}#h(t,e,i){let o=this.#t,{frame:n,look:r}=t.picture;o.activeTexture(o.TEXTURE0+we);let{suffix:h,type:a,store:l}=C[i.type],c=ai[n.samples]+h;!t.texture||t.format!==c||t.rows!==n.rows||t.cols!==n.cols?(t.texture&&o.deleteTexture(t.texture),t.texture=Se(o),o.texStorage2D(o.TEXTURE_2D,1,o[c],n.cols,n.rows),Object.assign(t,{format:c,rows:n.rows,cols:n.cols,frame:null})):o.bindTexture(o.TEXTURE_2D,t.texture);let u=`${i.type} ${i.relative?`${r.low} ${r.high}`:""}`;if(t.frame!==n||t.how!==u){let m=o[l==="float"?Ee[n.samples]:`${Ee[n.samples]}_INTEGER`];o.texSubImage2D(o.TEXTURE_2D,0,0,0,n.cols,n.rows,m,o[a],i.make()),Object.assign(t,{frame:n,how:u,relative:i.relative})}o.activeTexture(o.TEXTURE0+be),t.colors?o.bindTexture(o.TEXTURE_2D,t.colors):(t.colors=Se(o),o.texStorage2D(o.TEXTURE_2D,1,o.RGBA8,256,1),t.table=null);let d=e==="labels"?ui??=ge():r.table;d&&t.table!==d&&(o.texSubImage2D(o.TEXTURE_2D,0,0,0,256,1,o.RGBA,o.UNSIGNED_BYTE,d),t.table=d)}#n({picture:{frame:t,look:e}}){let i=e.weight&&this.#o.get(e.weight.key);if(!(i?.texture&&i.format==="R32F"&&!i.relative&&i.rows===t.rows&&i.cols===t.cols&&e.weight.high>0))return 0;let n=this.#t;return n.activeTexture(n.TEXTURE0+ve),n.bindTexture(n.TEXTURE_2D,i.texture),1/e.weight.high}#x(t,e){let i=`${t} ${e}`;return this.#e.has(i)||this.#e.set(i,this.#i(pe(t,e))),this.#e.get(i)}#f(t){t.texture&&this.#t.deleteTexture(t.texture),t.colors&&this.#t.deleteTexture(t.colors)}};function Se(s){let t=s.createTexture();return s.bindTexture(s.TEXTURE_2D,t),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_MIN_FILTER,s.NEAREST),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_MAG_FILTER,s.NEAREST),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_WRAP_S,s.CLAMP_TO_EDGE),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_WRAP_T,s.CLAMP_TO_EDGE),t}function Me(s,t,e,i,o,n){let r=u=>Math.min(Math.max(u,-ye),ye),h=(i-s)/t,a=Math.floor(r(h)),l=r((s-i)*o+n/2),c=r((e-i)*o+n/2);return{low:Math.min(l,c),high:Math.max(l,c),home:a,rest:r(h-a),texels:1/(t*o)}}var di=`#version 300 es
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
}`,mi=`#version 300 es
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
}`,tt=class{#t;#i;#e=null;#o=null;#s=[];#l=0;#h=0;#n=null;constructor(t,e){this.#t=t,this.#i=e}restore(){this.#e=null,this.#s=[],this.#n=null}set(t){if(!t||t.count!==this.#o?.count){for(let e of this.#s)e.filled=!1;this.#n=null}this.#o=t?.count>0?t:null}draw({width:t,height:e,viewport:i,camera:o,canvas:n,dim:r}){let h=this.#o;if(!h)return;let a=this.#t;this.#e??=this.#i(mi,di),h.data!==this.#n&&this.#x(h);let l=t/i.width,c=m=>this.#e.uniform(m),{place:u,wrap:d}=h;a.useProgram(this.#e.name),a.viewport(0,0,t,e),a.uniform4f(c("place"),u.x,u.y,u.width,u.height),a.uniform2f(c("wrap"),d[0],d[1]),a.uniform3f(c("camera"),o.x,o.y,o.scale*l),a.uniform2f(c("screen"),t,e),a.uniform4f(c("veil"),n[0]/255,n[1]/255,n[2]/255,r),a.enable(a.BLEND),a.blendFunc(a.ONE,a.ONE_MINUS_SRC_ALPHA);for(let m=7;m>=0;m--){let f=this.#s[(this.#l+7+1-m)%8];f?.filled&&(a.uniform1f(c("size"),(m===0?h.size+2:h.size*.6)*l),a.uniform1f(c("ring"),m===0?1*l:0),a.uniform1f(c("opacity"),.45*(1-m/8)),a.bindVertexArray(f.array),a.drawArrays(a.POINTS,0,h.count))}a.bindVertexArray(null),a.disable(a.BLEND)}destroy(){let t=this.#t;for(let{array:e,buffer:i}of this.#s)t.deleteVertexArray(e),t.deleteBuffer(i);this.#s=[],this.#e&&t.deleteProgram(this.#e.name),this.#e=null,this.#o=null}#x({data:t,count:e}){let i=this.#t;this.#n=t,this.#s.length>0&&++this.#h>=3&&(this.#h=0,this.#l=(this.#l+1)%8);let o=this.#s[this.#l]??={array:i.createVertexArray(),buffer:i.createBuffer(),size:0,filled:!1};i.bindVertexArray(o.array),i.bindBuffer(i.ARRAY_BUFFER,o.buffer),o.size!==t.byteLength?(i.bufferData(i.ARRAY_BUFFER,t,i.DYNAMIC_DRAW),o.size=t.byteLength,i.enableVertexAttribArray(0),i.enableVertexAttribArray(1),i.vertexAttribPointer(0,1,i.FLOAT,!1,4,0),i.vertexAttribPointer(1,1,i.FLOAT,!1,4,e*4)):i.bufferSubData(i.ARRAY_BUFFER,0,t),o.filled=!0,i.bindVertexArray(null)}};var _e=`#version 300 es
void main() {
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0);
}`,xi=`
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
  uint key = uint(at.y) << ${z} | uint(at.x);
  uint slot = key * ${Nt}u >> shift;
  uint last = (1u << (32 - shift)) - 1u;
  bool found = false;
  for (int turn = within ? probes : 0; turn > 0; turn--) {
    uint entry = texelFetch(states, ivec2(slot & ${(1<<G)-1}u, slot >> ${G}), 0).x;
    found = entry >> ${M} == key && (entry & ${(1<<M)-1}u) == ${Rt}u;
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
}`;function kt(s){return`#version 300 es
${s?`#define LOOK_UP
`:""}${xi}`}var Ie=1<<G,gi=.5,pi=.14,wi=.55,Re=["axes","masks","states"],it=class{#t;#i=null;#e=null;#o=[];#s=null;#l=null;#h=null;#n=It;constructor(t){this.#t=t.getContext("webgl2",{alpha:!1,antialias:!1,depth:!1,stencil:!1}),this.#t&&!this.#t.isContextLost()&&this.restore()}get available(){return this.#t!==null}get lost(){return this.#t!==null&&this.#t.isContextLost()}get mostPixels(){return this.#n}get images(){return this.#l}get points(){return this.#h}restore(){let t=this.#t;this.#l??=new J(t,e=>new k(t,e)),this.#l.restore(),this.#h??=new tt(t,(e,i)=>new k(t,e,i)),this.#h.restore();try{this.#i=new k(t,kt(!1)),this.#e=new k(t,kt(!0))}catch(e){console.error(e),this.#t=null;return}this.#n=Math.min(t.getParameter(t.MAX_TEXTURE_SIZE)-$,It),t.pixelStorei(t.UNPACK_ALIGNMENT,1),this.#o=Re.map((e,i)=>this.#f(i,1,1,4,new Uint32Array(4)))}setAxes(t,e){this.#m(0,e,2,4,t)}setMasks(t,e){this.#m(1,e,2,O,t)}setStates(t){this.#m(2,Ie,t.entries.length/Ie,1,t.entries),this.#s=t}draw(t){let{width:e,height:i,theme:o}=t,n=this.#t,r=t.tiles?1:0;if(t.grid?this.#x(t,[...D(o.canvas),1],[r,r,0]):this.clear(e,i,o.canvas),!this.#l.any)return;let h={...t,canvas:o.canvas,dim:t.grid?0:t.dim},a=this.#l.draw(h);t.grid||this.#h.draw(h),!(!a||!t.grid)&&(n.enable(n.BLEND),n.enable(n.SCISSOR_TEST),n.blendFunc(n.ONE,n.ONE_MINUS_SRC_ALPHA),n.scissor(a[0],i-a[3],a[2]-a[0],a[3]-a[1]),this.#x(t,[0,0,0,0],t.tiles?[gi,pi,wi]:[0,0,0]),n.disable(n.SCISSOR_TEST),n.disable(n.BLEND))}#x({width:t,height:e,first:i,wide:o,lookUp:n,theme:r,dim:h},a,l){let c=this.#t,u=n?this.#e:this.#i,d=m=>u.uniform(m);c.useProgram(u.name),c.viewport(0,0,t,e),c.uniform1i(d("height"),e),c.uniform3fv(d("canvas"),D(r.canvas)),c.uniform4fv(d("ground"),a),c.uniform3fv(d("fills"),l),c.uniform3fv(d("tileOff"),D(r.tileOff)),c.uniform3fv(d("tileSeen"),D(r.tileSeen)),c.uniform3fv(d("viewColor"),D(r.view)),c.uniform2f(d("viewFill"),a[3]>0?r.viewFill:0,r.casingFill),c.uniform3fv(d("casingColor"),D(r.casing)),c.uniform1f(d("dim"),h),n&&(c.uniform2i(d("first"),i[0],i[1]),c.uniform1i(d("wide"),o?1:0),c.uniform1i(d("shift"),this.#s.shift),c.uniform1i(d("probes"),this.#s.probes),c.uniform1i(d("coarse"),this.#s.coarse),c.uniform4iv(d("bounds"),this.#s.bounds)),c.drawArrays(c.TRIANGLES,0,3)}clear(t,e,i){let o=this.#t;o.viewport(0,0,t,e),o.clearColor(...D(i),1),o.clear(o.COLOR_BUFFER_BIT)}read(t,e,i,o,n){let r=this.#t,h=new Uint8Array(i*o*4);r.readPixels(t,n-e-o,i,o,r.RGBA,r.UNSIGNED_BYTE,h);let a=new Uint8Array(h.length),l=i*4;for(let c=0;c<o;c++)a.set(h.subarray((o-1-c)*l,(o-c)*l),c*l);return a}destroy(){if(!this.#t.canvas.isConnected){this.#t.getExtension("WEBGL_lose_context")?.loseContext();return}this.#l.destroy(),this.#h.destroy();for(let t of this.#o)this.#t.deleteTexture(t.name);for(let t of[this.#i,this.#e])this.#t.deleteProgram(t.name)}#f(t,e,i,o,n){let r=this.#t,h=r.createTexture();r.activeTexture(r.TEXTURE0+t),r.bindTexture(r.TEXTURE_2D,h),r.texParameteri(r.TEXTURE_2D,r.TEXTURE_MIN_FILTER,r.NEAREST),r.texParameteri(r.TEXTURE_2D,r.TEXTURE_MAG_FILTER,r.NEAREST),r.texStorage2D(r.TEXTURE_2D,1,o===4?r.RGBA32UI:r.R32UI,e,i);let a={name:h,width:e,height:i,channels:o};return this.#v(t,a,e,i,n),a}#m(t,e,i,o,n){let r=this.#o[t];if(r.channels===o&&r.width===e&&r.height===i){this.#v(t,r,e,i,n);return}this.#t.deleteTexture(r.name),this.#o[t]=this.#f(t,e,i,o,n)}#v(t,e,i,o,n){let r=this.#t;r.activeTexture(r.TEXTURE0+t),r.bindTexture(r.TEXTURE_2D,e.name);let h=e.channels===4?r.RGBA_INTEGER:r.RED_INTEGER;r.texSubImage2D(r.TEXTURE_2D,0,0,0,i,o,h,r.UNSIGNED_INT,n)}},k=class{#t;#i=new Map;constructor(t,e,i=_e){this.#t=t,this.name=t.createProgram();for(let[o,n]of[[t.VERTEX_SHADER,i],[t.FRAGMENT_SHADER,e]]){let r=t.createShader(o);if(t.shaderSource(r,n),t.compileShader(r),!t.getShaderParameter(r,t.COMPILE_STATUS)&&!t.isContextLost())throw new Error(`compile shader: ${t.getShaderInfoLog(r)}`);t.attachShader(this.name,r)}if(t.linkProgram(this.name),!t.getProgramParameter(this.name,t.LINK_STATUS)&&!t.isContextLost())throw new Error(`link program: ${t.getProgramInfoLog(this.name)}`);t.useProgram(this.name),Re.forEach((o,n)=>t.uniform1i(this.uniform(o),n))}uniform(t){return this.#i.has(t)||this.#i.set(t,this.#t.getUniformLocation(this.name,t)),this.#i.get(t)}};function D(s){return s.map(t=>t/255)}function Ut(s){let t=getComputedStyle(s),e=bi(t),i=(n,r)=>vi(t.getPropertyValue(n))??r;return{canvas:i("--canvas",e?[0,0,0]:[255,255,255]),tileOff:i("--tile-off",[163,162,160]),tileSeen:i("--tile-seen",[225,19,19]),view:i("--tile-view",[245,197,66]),loading:i("--tile-loading",[86,180,233]),reloaded:i("--tile-reloaded",[255,120,220]),axisX:i("--axis-x",[230,50,50]),axisY:i("--axis-y",[60,160,75]),casing:[0,0,0],viewFill:.16,casingFill:.5}}function E(s){return`rgb(${s.join(" ")})`}function bi(s){return s.colorScheme==="dark"||s.colorScheme==="light"?s.colorScheme==="dark":matchMedia("(prefers-color-scheme: dark)").matches}function vi(s){let t=s.trim();if(t==="")return null;if(/^[\d.]+[\s,]+[\d.]+[\s,]+[\d.]+$/.test(t))return t.split(/[\s,]+/).map(Number);if(!CSS.supports("color",t))return null;let e=new OffscreenCanvas(1,1).getContext("2d",{willReadFrequently:!0});return e.fillStyle=t,e.fillRect(0,0,1,1),[...e.getImageData(0,0,1,1).data.slice(0,3)]}var Ne=64,st=2,ot=7,S=7,yi=32,Le=10,Pe="600 12px system-ui, sans-serif",Oe=3,De=14,Fe=9,L=14,ke=6,Bt=8,Ue=4,nt=class{#t;#i;constructor(t){this.#t=t,this.#i=t.getContext("2d")}draw({camera:t,viewport:e,width:i,height:o,theme:n,view:r,dim:h,picture:a=null,tiles:l=!0,marks:c=null,scene:u=null}){let d=this.#i;(this.#t.width!==i||this.#t.height!==o)&&(this.#t.width=i,this.#t.height=o),d.setTransform(i/e.width,0,0,o/e.height,0,0),d.clearRect(0,0,e.width,e.height),a&&l&&(this.#e(a.loading,a,t,e,E(n.loading),1,1-h),this.#e(a.reloaded,a,t,e,E(n.reloaded),-1,1-h)),u?.axes!==!1&&this.#l(t,e,n,1-h,c?.names??["y","x"],u?.up?u.box.y1:null),c?.line&&this.#o(c.line,t,e,n),c?.paint&&(d.save(),c.paint(d,{camera:t,viewport:e,opacity:1-h}),d.restore());let m=a&&r?yt(a):"";m&&this.#s([`level ${a.level}, ${m}`,`level ${a.level}, ideal ${a.ideal}`],r,t,e,n),r&&this.#n(r,t,e,n,1-h)}get canvas(){return this.#t}clear(){this.#i.setTransform(1,0,0,1,0,0),this.#i.clearRect(0,0,this.#t.width,this.#t.height)}#e(t,{tile:e},i,o,n,r,h){if(t.length===0)return;let a=this.#i,l=new Path2D,c=(f,x)=>Math.min(Math.max(f,-Bt),x+Bt),u=!1;for(let f=0;f<t.length;f+=4){let[x,g]=T(i,o,t[f+1]*e[1],t[f]*e[0]),[w,v]=T(i,o,(t[f+1]+t[f+3])*e[1],(t[f]+t[f+2])*e[0]);if(w<0||v<0||x>o.width||g>o.height)continue;let y=c(x,o.width),b=c(g,o.height);l.rect(y,b,Math.max(c(w,o.width)-y,2),Math.max(c(v,o.height)-b,2)),u=!0}if(!u)return;a.save(),a.globalAlpha=h,a.strokeStyle=n,a.lineWidth=2,a.stroke(l),a.clip(l);let d=new Path2D,m=o.width+o.height;for(let f=-o.height;f<m;f+=Bt)d.moveTo(f,r>0?o.height:0),d.lineTo(f+o.height,r>0?0:o.height);a.stroke(d),a.restore()}#o(t,e,i,o){let n=this.#i,[r,h]=t.map(([l,c])=>T(e,i,l,c)),a=new Path2D;a.moveTo(...r),a.lineTo(...h);for(let[l,c]of[r,h])a.moveTo(l+Ue,c),a.arc(l,c,Ue,0,2*Math.PI);n.strokeStyle=E(o.casing),n.lineWidth=4,n.stroke(a),n.strokeStyle=E(o.view),n.lineWidth=2,n.stroke(a)}#s(t,e,i,o,n){let r=this.#i,[h,a]=T(i,o,e.x0,e.y0),[l,c]=T(i,o,e.x1,e.y1);if(l<0||c<0||h>o.width||a>o.height)return;r.font=Pe,r.textAlign="left",r.textBaseline="middle";let u=g=>r.measureText(g).width+28,d=t.find(g=>u(g)<=o.width-16)??t.at(-1),m=u(d),f=Math.min(Math.max(h,8),Math.max(o.width-m-8,8)),x=Math.min(Math.max(a-26,8),o.height-30);r.fillStyle=E(n.view),r.beginPath(),r.roundRect(f,x,m,22,3),r.fill(),r.fillStyle=r.strokeStyle=E(n.casing),r.lineWidth=1.5,r.beginPath(),r.moveTo(f+12,x+5),r.lineTo(f+18,x+16),r.lineTo(f+6,x+16),r.closePath(),r.moveTo(f+12,x+9),r.lineTo(f+12,x+13),r.stroke(),r.fillText(d,f+22,x+11.5)}#l(t,e,i,o,[n,r],h){let a=this.#i,l=h!==null,[c,u]=T(t,e,0,h??0),d=(w,v)=>Math.min(Math.max(w,Le),v-Le-Ne-2*S),m=d(c-ot,e.width),f=u+(l?ot:-ot),x=l?e.height-d(e.height-f,e.height):d(f,e.height),g=m===c-ot&&x===f?Ne:yi;a.globalAlpha=o,a.font=Pe,a.lineJoin="round",this.#h(m,x,g,0,r,E(i.axisX),E(i.canvas)),n!==""&&this.#h(m,x,0,l?-g:g,n,E(i.axisY),E(i.canvas)),a.globalAlpha=1}#h(t,e,i,o,n,r,h){let a=this.#i,l=t+i,c=e+o,u=Math.sign(i),d=Math.sign(o),m=new Path2D;m.moveTo(t-u*st/2,e-d*st/2),m.lineTo(l-u*S,c-d*S);let f=new Path2D;f.moveTo(l,c),f.lineTo(l-u*S-d*S*.5,c-d*S-u*S*.5),f.lineTo(l-u*S+d*S*.5,c-d*S+u*S*.5),f.closePath(),a.textAlign=u?"left":"center",a.textBaseline=u?"middle":d>0?"top":"bottom";let x=l+u*5,g=c+d*3;a.strokeStyle=h,a.lineWidth=st+Oe,a.stroke(m),a.lineWidth=Oe,a.stroke(f),a.strokeText(n,x,g),a.strokeStyle=a.fillStyle=r,a.lineWidth=st,a.stroke(m),a.fill(f),a.fillText(n,x,g)}#n(t,e,i,o,n){let[r,h]=T(e,i,t.x0,t.y0),[a,l]=T(e,i,t.x1,t.y1),c=this.#i,u=new Path2D;if(a<0||l<0||r>i.width||h>i.height)Ei(u,(r+a)/2,(h+l)/2,i);else if(a-r<L&&l-h<L)Ti(u,(r+a)/2,(h+l)/2);else return;c.globalAlpha=n,c.lineCap=c.lineJoin="round",c.strokeStyle=E(o.casing),c.lineWidth=4,c.stroke(u),c.strokeStyle=E(o.view),c.lineWidth=2,c.stroke(u),c.lineCap="butt",c.globalAlpha=1}};function Ei(s,t,e,{width:i,height:o}){let n=t-i/2,r=e-o/2,h=Math.min((i/2-De)/Math.abs(n),(o/2-De)/Math.abs(r)),a=i/2+n*h,l=o/2+r*h,c=Math.atan2(r,n),u=d=>[a-Math.cos(c+d)*Fe,l-Math.sin(c+d)*Fe];s.moveTo(...u(.7)),s.lineTo(a,l),s.lineTo(...u(-.7))}function Ti(s,t,e){for(let[i,o]of[[-1,-1],[1,-1],[1,1],[-1,1]])s.moveTo(t+i*L,e+o*(L-ke)),s.lineTo(t+i*L,e+o*L),s.lineTo(t+i*(L-ke),e+o*L)}var at=1,A=2,_=4,X=at|A|_,Mi=32,Ai=20,_i=480,Ii=.6,Ri=80,Ni=160,lt=class{#t;#i;#e;#o;#s;#l=null;#h=null;#n=null;#x=null;#f=null;#m=[];#v=null;#T=!1;#_=!0;#R=null;#r={x:0,y:0,scale:1};#u="fit";#c=null;#P=null;#a={width:0,height:0};#z={top:0,right:0,bottom:0,left:0};#g={width:0,height:0};#O;#N=!1;#k=!1;#w=!1;#p=X;#b=0;#U=0;#$=[];#S={bands:new Float64Array(0),rest:new Float64Array(0)};#L=new K;#M=null;#Y=[0,0];#I=new Uint32Array(0);#D=new Uint32Array(0);#y={updates:0,frames:0,pictures:0,draws:0,hashBuilds:0,drawTime:0};constructor(t,e,i){this.#t=t.canvas,this.#i=e,this.#s=i,this.#O=Ut(i.theme),this.#e=new it(t.canvas),this.#o=new nt(t.overlay),this.#w=this.#e.lost,this.#W()}update(t){this.#y.updates++,this.#l=t,this.#N||this.#B()}setImages(t){t.some(({frame:e})=>!this.#m.some(i=>i.frame===e))&&(this.#T=!0),this.#m=t,!this.#w&&this.#e.available&&this.#e.images.set(t),this.#d(_)}setPoints(t){this.#v=t,!this.#w&&this.#e.available&&this.#e.points.set(t),this.#d(_)}setScene(t){let e=this.#f;this.#f=t,!t||!e||e.key!==t.key?(this.#u==="free"&&e&&this.#A("fit"),this.#c=null,this.#u!=="free"&&(this.#r=this.#F())):this.#u==="fit"&&(!ze(e.box,t.box)||e.margin!==t.margin)&&(this.#r=this.#F()),this.#d(X)}setCamera(t){this.#A("free"),this.#c=null,this.#r=t,this.#d(A)}setTiles(t){this.#_!==t&&(this.#_=t,this.#d(_))}setMarks(t){this.#R=t,this.#d(_)}setPaused(t){this.#N!==t&&(this.#N=t,this.#d(_))}setStale(t){this.#k!==t&&(this.#k=t,this.#d(_))}setFollow(t){t?this.#A("follow"):this.#u==="follow"&&this.#A("free"),this.#d(A)}get following(){return this.#u==="follow"}fit(){this.#A("fit"),this.#K(this.#F())}pan(t,e){this.#X(mt(this.#r,t,e))}step(t,e){let i=this.#c?this.#c.to:this.#r;this.#j(mt(i,-t*this.#a.width,-e*this.#a.height))}pinch(t,e){this.#X(jt(this.#r,this.#a,t,e,this.#V()))}zoomAt(t,e,i){this.#X(xt(this.#r,this.#a,t,e,i,this.#V()))}zoomTo(t,e,i){let o=this.#c?this.#c.to:this.#r;this.#j(xt(o,this.#a,t,e,i,this.#V()))}zoomBy(t){this.zoomTo(this.#a.width/2,this.#a.height/2,t)}point(t,e){this.#P=t===null?null:[t,e],this.#B()}themeChanged(){this.#O=Ut(this.#s.theme),this.#d(_)}resize(t,e,i){if(this.#z=i,!this.#e.available)return;let o=a=>Math.max(Math.min(Math.round(a),this.#e.mostPixels),0),n=o(e.width),r=o(e.height);t.width===this.#a.width&&t.height===this.#a.height&&n===this.#g.width&&r===this.#g.height||(this.#a=t,this.#g={width:n,height:r},this.#p=X,!(n===0||r===0)&&(this.#t.width=n,this.#t.height=r,!this.#w&&(this.#u==="fit"&&this.#E&&(this.#c=null,this.#r=this.#F()),cancelAnimationFrame(this.#b),this.#b=0,this.#G(performance.now()))))}contextLost(){this.#w=!0,cancelAnimationFrame(this.#b),this.#b=0,this.#W()}contextRestored(){this.#w=!1,this.#e.restore(),this.#e.available&&(this.#e.images.set(this.#m),this.#e.points.set(this.#v)),this.#M=null,this.#d(X)}flush(){this.#b!==0&&(cancelAnimationFrame(this.#b),this.#G(performance.now()))}readPixels(t,e,i,o){return this.#e.available?new Promise((n,r)=>{this.#$.push({resolve:n,reject:r,x:t,y:e,width:i,height:o}),this.#d(_)}):Promise.reject(new Error("This browser has no WebGL2."))}async toPNG(){if(!this.#H())throw new Error("The picture cannot be exported while it is not shown.");this.#Z();let t=document.createElement("canvas");t.width=this.#g.width,t.height=this.#g.height;let e=t.getContext("2d");return e.drawImage(this.#t,0,0),e.drawImage(this.#o.canvas,0,0),new Promise((i,o)=>{t.toBlob(n=>n?i(n):o(new Error("The browser could not make a PNG of the picture.")),"image/png")})}toData(t,e){return dt(this.#r,this.#a,t,e)}stats(){return{...this.#y,mode:this.#u,camera:{...this.#r},viewport:{...this.#a},size:{...this.#g},detail:this.#M?this.#M.detail:0,bands:this.#S.bands.length/4,cells:this.#L.count,probes:this.#L.probes,coarse:this.#L.coarse,lost:this.#w,available:this.#e.available}}toScreen(t,e){return T(this.#r,this.#a,t,e)}destroy(){cancelAnimationFrame(this.#b),this.#b=0;for(let t of this.#$.splice(0))t.reject(new Error("The viewer was removed."));this.#e.available&&!this.#w&&this.#e.destroy(),this.#i.destroy()}#d(t){this.#p|=t,this.#B()}#B(){this.#b===0&&!this.#w&&(this.#b=requestAnimationFrame(t=>this.#G(t)))}#G(t){this.#b=0;let e=this.#U===0?16:Math.min(Math.max(t-this.#U,0),100);this.#U=t,this.#J();let i=this.#tt(t,e);this.#W(),this.#H()&&(this.#p!==0&&this.#Z(),this.#ot());let o=this.#P&&dt(this.#r,this.#a,...this.#P);this.#i.readout(this.#n,o),this.#s.onFrame?.({camera:this.#r,viewport:this.#a,size:this.#g,point:o,most:this.#e.mostPixels}),i?this.#B():this.#U=0}#H(){return this.#e.available&&!this.#w&&this.#g.width>0&&this.#g.height>0}#J(){if(this.#l===null||this.#N)return;let t=this.#l;this.#l=null,this.#h=t;let e=this.#n,i=ee(t);if(this.#n=i,!i){e&&(this.#p=X);return}ie(e,i)||(this.#S=ue(i.rects),this.#p|=at),ze(e&&e.view,i.view)||(this.#p|=A),se(e,i)||(this.#p|=_);let o=this.#x;(!o||o.topic!==i.topic||o.base[0]!==i.base[0]||o.base[1]!==i.base[1])&&(this.#x={topic:i.topic,base:i.base},this.#u==="free"&&this.#A("fit"),this.#c=null,this.#r=this.#F(),this.#p|=A),this.#i.label(()=>ne(this.#n))}#tt(t,e){if(this.#c){let{from:n,to:r,start:h}=this.#c,a=Math.min(Math.max((t-h)/Ni,0),1);return this.#r=Ht(n,r,1-(1-a)**3),this.#p|=A,a===1&&(this.#c=null),a<1}if(this.#u!=="follow"||!this.#n||!this.#n.view||this.#a.width===0)return!1;let i=Wt(this.#n.view,this.#a,Ii,this.#z);if(i.x===this.#r.x&&i.y===this.#r.y&&i.scale===this.#r.scale)return!1;let o=this.#s.reducedMotion||qt(this.#r,i,this.#a);return this.#r=o?i:Zt(this.#r,i,e,Ri),this.#p|=A,!o}#Z(){let t=performance.now(),{width:e,height:i}=this.#g,o=this.#p;this.#p=0,this.#n||this.#m.length>0?(this.#n&&o&(at|A)&&this.#et(o),this.#e.draw({width:e,height:i,first:this.#Y,wide:this.#C,lookUp:this.#C||this.#L.count>0,theme:this.#O,dim:this.#q(),grid:this.#n!==null,tiles:this.#_,camera:this.#r,viewport:this.#a})):this.#e.clear(e,i,this.#O.canvas),this.#y.draws++;for(let{resolve:n,x:r,y:h,width:a,height:l}of this.#$.splice(0))n(this.#e.read(r,h,a,l,i));this.#E?this.#o.draw(this.#st()):this.#o.clear(),this.#y.drawTime=performance.now()-t}#et(t){let{tile:e,extent:i,view:o}=this.#n,{width:n,height:r}=this.#g,h=n/this.#a.width,a=r/this.#a.height,l=this.#r.scale*h,c=this.#r.scale*a,u=ae(Math.min(e[1]*l,e[0]*c)),d={centre:this.#r.x,scale:l,ratio:h,tile:e[1],extent:i[1],detail:u,anchor:0,view:o&&[o.x0,o.x1],edge:2*h,casing:1*h},m={centre:this.#r.y,scale:c,ratio:a,tile:e[0],extent:i[0],detail:u,anchor:0,view:o&&[o.y0,o.y1],edge:2*a,casing:1*a},f=At(n,d),x=At(r,m);if(f&&x){let w=this.#M&&this.#M.detail===u?this.#M:{row:null,column:null};m.anchor=Pt(...x,w.row),d.anchor=Pt(...f,w.column),(t&at||m.anchor!==w.row||d.anchor!==w.column)&&(this.#L.build(this.#S.rest,u,m.anchor,d.anchor),this.#e.setStates(this.#L),this.#M={detail:u,row:m.anchor,column:d.anchor},this.#y.hashBuilds++),this.#Y=[f[0]-d.anchor,x[0]-m.anchor],this.#C&&this.#it(f,x,u)}else this.#M=null;let g=Math.max(n,r);this.#I.length!==2*g*4&&(this.#I=new Uint32Array(2*g*4)),St(this.#I,0,n,d),St(this.#I,g*4,r,m),Mt(this.#I,0,n,d,this.#S.bands,1),Mt(this.#I,g*4,r,m,this.#S.bands,0),this.#e.setAxes(this.#I,g)}#it(t,e,i){let o=t[1]-t[0]+1,n=e[1]-e[0]+1,r=this.#e.mostPixels+$,h=Math.min(2**Math.ceil(Math.log2(Math.max(o,n,64))),r),a=h*O;this.#D.length!==2*a&&(this.#D=new Uint32Array(2*a)),Lt(this.#D,0,this.#S.bands,1,t[0],o,i),Lt(this.#D,a,this.#S.bands,0,e[0],n,i),this.#e.setMasks(this.#D,h)}get#E(){return this.#n?this.#n.box:this.#f?this.#f.box:null}get#C(){return this.#S.bands.length/4>16}#st(){return{camera:this.#r,viewport:this.#a,...this.#g,theme:this.#O,dim:this.#q(),picture:this.#n,view:this.#n?.view??null,marks:this.#R,tiles:this.#_,scene:this.#n?null:this.#f}}#ot(){this.#T&&(this.#T=!1,this.#y.pictures++,this.#i.pictured(this.#y.pictures),this.#s.onPictures?.());let t=this.#h;t!==null&&(this.#h=null,this.#y.frames++,this.#i.painted(this.#y.frames,this.#n!==null),this.#s.onPaint?.(t))}#q(){return this.#k&&!this.#N?.55:0}#W(){let t="live";this.#e.available?this.#w?t="lost":!this.#n&&this.#m.length===0?t="empty":this.#N?t="paused":this.#k&&(t="stale"):t="unsupported",this.#i.state(t)}#A(t){this.#u!==t&&(this.#u=t,this.#c=null,this.#s.onMode?.(t))}#X(t){this.#E&&(this.#A("free"),this.#c=null,this.#r=this.#Q(t),this.#d(A))}#j(t){this.#E&&(this.#A("free"),this.#K(this.#Q(t)))}#K(t){this.#E&&(this.#s.reducedMotion?(this.#c=null,this.#r=t):this.#c={from:this.#r,to:t,start:performance.now()},this.#d(A))}#Q(t){return Vt(t,this.#a,Yt(this.#E,this.#n?.view))}#V(){return Xt(this.#E??{x0:0,y0:0,x1:1,y1:1},this.#a)}#F(){if(!this.#E||this.#a.width===0)return this.#r;let t=Math.min(this.#a.width,this.#a.height)<_i,e=this.#n?void 0:this.#f?.margin;return Ct(this.#E,this.#a,e??(t?Ai:Mi),this.#z)}};function ze(s,t){return!s||!t?!s&&!t:s.x0===t.x0&&s.y0===t.y0&&s.x1===t.x1&&s.y1===t.y1}function ht(s){return s>1?2**Math.min(Math.round(Math.log2(s)),30):1}function Ge({camera:s,viewport:t,ratio:e,place:i,shape:[o,n],most:r,present:h=null}){if(!(o>0&&n>0&&t.width>0&&t.height>0))return null;let a=1/(s.scale*e),l=ht(a/Math.max(i.width,i.height)),c=(m,f,x,g,w)=>{let v=f/2/s.scale,y=(m-v-x)/g,b=(m+v-x)/g;return b<=0||y>=w?null:[Math.max(y,0),Math.min(b,w),(b-y)*.125]},u=c(s.x,t.width,i.x,i.width,n),d=c(s.y,t.height,i.y,i.height,o);if(!u||!d)return null;for(;;l*=2){let m=Math.ceil(o/l)*Math.ceil(n/l)<=262144?{row:0,col:0,rows:o,cols:n,step:l}:{...$e("row","rows",d,o,l),...$e("col","cols",u,n,l),step:l};if(!(Math.max(m.rows,m.cols)/l>r))return Li(h,m,u,d)?h:m}}function $e(s,t,[e,i,o],n,r){let h=64*r,a=Math.max(Math.floor((e-o)/h)*h,0),l=Math.min(Math.ceil((i+o)/h)*h,n);return{[s]:a,[t]:l-a}}function Li(s,t,e,i){return!s||s.step!==t.step||s.rows*s.cols>t.rows*t.cols*2.5?!1:s.col<=e[0]&&s.col+s.cols>=e[1]&&s.row<=i[0]&&s.row+s.rows>=i[1]}function Ce(s,t,{row:e,col:i,rows:o,cols:n,step:r},h,a=!1){return`${s}/${t.join(",")}/${e},${i},${o},${n}/${r}${h?"/n":""}${a?"/e":""}`}function We({row:s,col:t,rows:e,cols:i,step:o},n,r){return{x:n.x+t*n.width,y:n.y+s*n.height,width:n.width*o,height:n.height*o,right:n.x+Math.min(t+i*o,r[1])*n.width,bottom:n.y+Math.min(s+e*o,r[0])*n.height}}var Pi=100,Oi=1024,zt=class{#t;#i;#e;#o;#s=null;#l=null;#h=null;#n=null;#x="";#f=()=>{};#m=!0;#v=!1;#T=0;#_=0;#R={name:"",colors:null};#r=()=>this.#c();constructor(t,e,i,o){this.#t=e,this.#i=i,this.#e=o,this.#o=t.appendChild(document.createElement("i")),this.#o.hidden=!0,document.addEventListener("visibilitychange",this.#r)}take(t){let e=Di(t.picture),i=this.#s;this.#s=e,(e?.topic!==i?.topic||e?.index!==i?.index)&&(this.#l=null,this.#n=null),!!e!=!!i&&this.#e(e!==null),this.#u(),this.#a()}moved(t){let e=this.#h,{camera:i,viewport:o}=t;this.#h={...t,camera:{...i},viewport:{...o},size:{...t.size}},e&&i.x===e.camera.x&&i.y===e.camera.y&&i.scale===e.camera.scale&&o.width===e.viewport.width&&o.height===e.viewport.height||this.#u()}setShown(t){this.#m=t,this.#u(),this.#a()}setPaused(t){this.#v=t,this.#u()}destroy(){clearTimeout(this.#T),document.removeEventListener("visibilitychange",this.#r),this.#f(),this.#o.remove()}#u(){this.#T===0&&(this.#T=setTimeout(()=>{this.#T=0,this.#c()},Math.max(this.#_+Pi-performance.now(),0)))}#c(){let t=this.#P();t===this.#x||this.#v&&t!==""||(this.#_=performance.now(),this.#f(),this.#x=t,t===""?(this.#f=()=>{},this.#o.removeAttribute("data-topic")):(this.#o.dataset.topic=t,this.#f=this.#i(t,e=>{this.#v||!e.data||(this.#l=e,this.#u(),this.#a())})),Jt())}#P(){let t=this.#s;if(!t||!this.#m||!t.visible||document.hidden||!this.#h)return"";let e=t.index.split(","),i=this.#l?.shape?.length===e.length?this.#l.shape:t.shape,[o,n]=[i[e.indexOf("y")],i[e.indexOf("x")]];if(!(o>0&&n>0))return"";let{camera:r,viewport:h,size:a,most:l}=this.#h,c=Xe(this.#l);return c?this.#n=Ge({camera:r,viewport:h,ratio:a.width/h.width,place:c,shape:[o,n],most:l,present:this.#n})??{row:0,col:0,rows:o,cols:n,step:ht(Math.max(o,n)/64)}:this.#n={row:0,col:0,rows:o,cols:n,step:ht(Math.max(o,n)/Oi)},Ce(t.topic,e,this.#n,t.kind==="labels",t.limits!==null&&Y(...t.limits))}#a(){let{kind:t,colormap:e,limits:i,gamma:o,opacity:n,visible:r}=this.#s??{},h=this.#l,a=Xe(h);if(!a||!r||!this.#m||h.rows===0||h.cols===0){this.#t.setImages([]);return}let l=Q(e)??"gray";this.#R.name!==l&&(this.#R={name:l,colors:me(l)});let c=this.#s.index.split(","),u=Array.isArray(h.shape)?[h.shape[c.indexOf("y")],h.shape[c.indexOf("x")]]:[1/0,1/0],d=h.samples>=3,[m,f]=d||!i?[0,h.full>0?h.full:Ft(h.type)]:i;this.#t.setImages([{key:"under",frame:h,place:We(h,a,u),look:{kind:t==="labels"?"labels":d?"color":"scalar",low:m,high:f,gamma:d?1:o,table:this.#R.colors,opacity:n,additive:!1}}])}};function Xe(s){let{offset:t,pixel:e}=s??{};return!$t(t)||!$t(e)||!(e[0]>0&&e[1]>0)?null:{x:t[1],y:t[0],width:e[1],height:e[0]}}function Di(s){if(typeof s?.topic!="string"||!/^([0-9]+,)*y,x(,c)?$/.test(s.index))return null;let{shape:t,limits:e,gamma:i,opacity:o}=s;return!Array.isArray(t)||t.length!==s.index.split(",").length||!t.every(n=>Number.isSafeInteger(n)&&n>=0)?null:{topic:s.topic,index:s.index,shape:t,kind:s.kind==="labels"?"labels":"image",colormap:s.colormap,limits:$t(e)&&e[1]>e[0]?e:null,gamma:i>0&&i<1/0?i:1,opacity:o>=0&&o<=1?o:1,visible:s.visible!==!1}}function $t(s){return Array.isArray(s)&&s.length===2&&s.every(Number.isFinite)}function Ps(s,t={}){let e=s.querySelector("[data-viewer-canvas]"),i=s.querySelector("[data-viewer-overlay]");if(!e||!i)throw new Error("create viewer: the root element lacks its two canvases, data-viewer-canvas and data-viewer-overlay");Fi(s,e,i);let o=new AbortController,{signal:n}=o,r=new j(s,e),h=(f,x)=>{t.onAction?.(f,x),s.dispatchEvent(new CustomEvent(`viewer:${f}`,{bubbles:!0,detail:x}))},a=!1,l=new lt({canvas:e,overlay:i},r,{theme:s,reducedMotion:t.reducedMotion??matchMedia("(prefers-reduced-motion: reduce)").matches,onPaint:t.onPaint,onFrame:t.onFrame,onPictures:t.onPictures,onMode:f=>{f==="follow"!==a&&(a=f==="follow",r.follow(a),h("follow",{follow:a}))}});r.follow(!1);let c={fit:()=>l.fit(),follow:()=>l.setFollow(!l.following),"zoom-in":()=>l.zoomBy(gt),"zoom-out":()=>l.zoomBy(1/gt),png:()=>l.toPNG().then(f=>h("png",{blob:f}),f=>r.say(f.message))};r.scope.addEventListener("click",f=>{let x=f.target instanceof Element&&f.target.closest("[data-viewer-action]");x&&c[x.dataset.viewerAction]?.()},{signal:n}),Kt(e,{pan:(f,x)=>l.pan(f,x),pinch:(f,x)=>l.pinch(f,x),zoomAt:(f,x,g)=>l.zoomAt(f,x,g),zoomTo:(f,x,g)=>l.zoomTo(f,x,g),zoomBy:f=>l.zoomBy(f),step:(f,x)=>l.step(f,x),fit:c.fit,follow:c.follow,grid:()=>h("grid",{}),point:(f,x)=>l.point(f,x),leave:()=>l.point(null,null),draws:t.draws,draw:t.draw,presses:t.presses},n),e.addEventListener("webglcontextlost",f=>{f.preventDefault(),l.contextLost()},{signal:n}),e.addEventListener("webglcontextrestored",()=>l.contextRestored(),{signal:n});let u=()=>l.themeChanged();s.ownerDocument.addEventListener("themechange",u,{signal:n}),matchMedia("(prefers-color-scheme: dark)").addEventListener("change",u,{signal:n});let d=Ui(e,(f,x)=>l.resize(f,x,ki(s))),m={update:f=>l.update(f),setImages:f=>l.setImages(f),setPoints:f=>l.setPoints(f),setScene:f=>l.setScene(f),flush:()=>l.flush(),setCamera:f=>l.setCamera(f),setTiles:f=>l.setTiles(f),setMarks:f=>l.setMarks(f),zoomBy:f=>l.zoomBy(f),toData:(f,x)=>l.toData(f,x),setPaused:f=>l.setPaused(f),setStale:f=>l.setStale(f),setFollow:f=>l.setFollow(f),fit:()=>l.fit(),readPixels:(f,x,g,w)=>l.readPixels(f,x,g,w),toPNG:()=>l.toPNG(),toScreen:(f,x)=>l.toScreen(f,x),stats:()=>l.stats(),destroy(){o.abort(),d.disconnect(),l.destroy(),delete s.viewer}};return s.viewer=m,m}function Fi(s,t,e){getComputedStyle(s).position==="static"&&(s.style.position="relative");for(let i of[t,e])Object.assign(i.style,{position:"absolute",inset:"0",width:"100%",height:"100%",display:"block"});t.style.touchAction="none",e.style.pointerEvents="none"}function ki(s){let t=getComputedStyle(s),e=i=>parseFloat(t[`padding${i}`])||0;return{top:e("Top"),right:e("Right"),bottom:e("Bottom"),left:e("Left")}}function Ui(s,t){let e=new ResizeObserver(i=>{let o=i[i.length-1],n={width:o.contentRect.width,height:o.contentRect.height},r=o.devicePixelContentBoxSize?.[0];t(n,r?{width:r.inlineSize,height:r.blockSize}:{width:n.width*devicePixelRatio,height:n.height*devicePixelRatio})});try{e.observe(s,{box:"device-pixel-content-box"})}catch{e.observe(s)}return e}export{ii as a,Vi as b,Q as c,me as d,Ft as e,Ge as f,Ce as g,We as h,zt as i,Ps as j};
