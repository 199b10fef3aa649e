import{a as se,aa as Z,c as vt,d as U,fa as _,ga as yt,ha as Et,ia as Tt,ja as oe,ka as ne,la as re,ma as ae,na as le,oa as he,pa as ce,qa as fe,ra as ue,sa as de,ta as Mt}from"./chunk-UW7DXXUH.js";function pe(s){let t=Number.isInteger(s.level)&&s.level>=0&&s.level<64?s.level:0,e=s.tile_size;if(!(Number.isFinite(e)&&e>=1))return null;let i=it(s.tile_shape)??[e,e],o=it(s.image_shape),n=it(s.grid);if(!o&&!n||(o??=n.map((m,f)=>m*i[f]),n??=o.map((m,f)=>Math.ceil(m/i[f])),n=n.map(Math.floor),n.some(m=>m>2147483648)))return null;let r=it(s.base_shape)??o.map(m=>m*2**t),a=[me(r[0],o[0],t),me(r[1],o[1],t)].map((m,f)=>m*i[f]),h=n.map((m,f)=>Math.min(m,o[f]/i[f])),{rects:c,refused:u}=At(s.tiles,n),d=Number.isInteger(s.ideal_level)&&s.ideal_level>=0?s.ideal_level:null;return{topic:String(s.topic),time:Number.isFinite(s.time)?s.time:null,level:t,ideal:d,excess:s.excess>0&&s.excess<1/0?s.excess:4**((d??t)-t),base:r,image:o,grid:n,tileSize:e,tile:a,extent:h,box:{x0:0,y0:0,x1:r[1],y1:r[0]},view:mi(s.corners),rects:c,refused:u,loading:At(s.loading,n).rects,reloaded:At(s.reloaded,n).rects,count:Number.isFinite(s.count)?s.count:_t(c)}}function me(s,t,e){let i=r=>Math.floor(s/r)<=t&&t<=Math.ceil(s/r),o=2**e;if(i(o))return o;let n=Math.round(s/t);return n>=1&&i(n)?n:s/t}function xe(s,t){if(s===t)return!0;if(!s||!t||!St(s.rects,t.rects))return!1;for(let e=0;e<2;e++)if(s.grid[e]!==t.grid[e]||s.tile[e]!==t.tile[e]||s.extent[e]!==t.extent[e])return!1;return!0}function ge(s,t){return!s||!t?s===t:s.level===t.level&&s.ideal===t.ideal&&St(s.loading,t.loading)&&St(s.reloaded,t.reloaded)}function St(s,t){return s.length===t.length&&s.every((e,i)=>e===t[i])}function be(s,t,e){return st(s.rects,t,e)}function st(s,t,e){for(let i=0;i<s.length;i+=4)if(t>=s[i]&&t<s[i]+s[i+2]&&e>=s[i+1]&&e<s[i+1]+s[i+3])return!0;return!1}function it(s){return!Array.isArray(s)||s.length!==2?null:s.every(t=>Number.isFinite(t)&&t>0&&t<=Number.MAX_SAFE_INTEGER)?s:null}function mi(s){if(!Array.isArray(s)||s.length!==2)return null;let[t,e]=s;return[t,e].every(i=>Array.isArray(i)&&i.length===2&&i.every(Number.isFinite))?{x0:Math.min(t[1],e[1]),y0:Math.min(t[0],e[0]),x1:Math.max(t[1],e[1]),y1:Math.max(t[0],e[0])}:null}function At(s,t){if(!Array.isArray(s))return{rects:new Float64Array(0),refused:0};let e=new Float64Array(s.length-s.length%4),i=0;for(let o=0;o+3<s.length;o+=4){let n=s[o],r=s[o+1],l=n+s[o+2],a=r+s[o+3];if(!(Number.isSafeInteger(n)&&Number.isSafeInteger(r)&&Number.isSafeInteger(l)&&Number.isSafeInteger(a)))continue;let h=Math.max(n,0),c=Math.max(r,0),u=Math.min(l,t[0])-h,d=Math.min(a,t[1])-c;u<1||d<1||(e[i++]=h,e[i++]=c,e[i++]=u,e[i++]=d)}return{rects:e.subarray(0,i),refused:Math.ceil(s.length/4)-i/4}}function _t(s){let t=0;for(let e=0;e<s.length;e+=4)t+=s[e+2]*s[e+3];return t}var pi=2e3,xi={empty:"No tiles yet.",paused:"Paused",stale:"Not up to date",lost:"The graphics were interrupted; the picture comes back by itself.",unsupported:"This browser has no WebGL2, so there is no picture here. The table shows the same in numbers."},nt=class{#t;#i;#e;#r=0;#s="";constructor(t,e){this.#t=t,this.#i=e,this.#e=t.closest("[data-viewer-scope]")??t.ownerDocument}get scope(){return this.#e}state(t){if(this.#t.dataset.state===t)return;this.#t.dataset.state=t;let e=this.#t.querySelector("[data-viewer-note]");if(!e)return;let i=this.#t.getAttribute(`data-note-${t}`)??xi[t]??"";e.textContent=i,e.hidden=i===""}say(t){let e=this.#t.querySelector("[data-viewer-note]");e&&(e.textContent=t,e.hidden=!1)}painted(t,e){this.#t.dataset.frames=String(t),e&&(this.#t.dataset.ready="true")}pictured(t){this.#t.dataset.pictures=String(t)}follow(t){for(let e of this.#e.querySelectorAll("[data-viewer-action=follow]"))e.setAttribute("aria-pressed",String(t))}readout(t,e){let i=this.#e.querySelector("[data-viewer-readout]");if(!i)return;let o=t&&e?gi(t,e[0],e[1]):"";i.textContent!==o&&(i.textContent=o)}label(t){if(this.#r!==0)return;let e=()=>{let i=t();i!==this.#s&&this.#i.setAttribute("aria-label",i),this.#s=i};this.#s===""&&e(),this.#r=setTimeout(()=>{this.#r=0,e()},pi)}destroy(){clearTimeout(this.#r)}};function gi(s,t,e){let i=u=>String(Math.floor(u)),o=(u,d)=>i(u).padStart(i(d).length,"\u2007"),n=`y ${o(e,s.base[0])}  x ${o(t,s.base[1])}`,r=Math.floor(e/s.tile[0]),l=Math.floor(t/s.tile[1]);if(e<0||t<0||e/s.tile[0]>=s.extent[0]||t/s.tile[1]>=s.extent[1])return`${n}  outside the image`;let h=`row ${o(r,s.grid[0])}  column ${o(l,s.grid[1])}`,c=[be(s,r,l)?"drawn":"not drawn"];return st(s.loading,r,l)&&c.push("loading"),st(s.reloaded,r,l)&&c.push("loaded again without need"),`${n}  ${h}  ${c.join(", ")}`}function we(s){if(!s)return"Tile viewer, no tiles yet";let[t,e]=s.grid,i=t*e,o=s.view?`; the view shows rows ${ot(s.view.y0)} to ${ot(s.view.y1)}, columns ${ot(s.view.x0)} to ${ot(s.view.x1)} of the data`:"",n=It(s),r=[[s.loading,"loading"],[s.reloaded,"loaded again without need"]].filter(([l])=>l.length>0).map(([l,a])=>`, ${_t(l)} ${a}`).join("");return`Tile viewer, level ${s.level}${n&&`, ${n}`}: ${s.count} of ${i} tiles drawn${r}, ${t} rows by ${e} columns${o}`}function It({level:s,ideal:t,excess:e}){if(t===null||t===s)return"";let i=Math.max(Math.round(e>=1?e:1/e),2);return`the screen would need ${t}: ${i}x ${e>=1?"more":"fewer"} pixels than needed`}function ot(s){return Math.round(s)}function ye(s){return Math.max(0,Math.ceil(-Math.log2(s)))}function bi(s,t){return Math.min(.05,4*t/s)}function wi(s){let t=Math.min(Math.max((s-2)/2,0),1);return t*t*(3-2*t)}function Rt(s,t,e,i){let o=Math.floor(s),n=Math.ceil(t)-1,r=1,l=e/2;return o>=n&&t-n<1&&(r=t-n,l=Math.min(l,r*.25)),(o*(1-e)+Math.min(Math.max(s-o-l,0),r-2*l))*i+s*(1-e)*(1-i)}function Lt(s,t,e,i){let{centre:o,scale:n,tile:r,extent:l,detail:a,anchor:h}=i,c=r*n,u=bi(c,i.ratio),d=wi(c),m=2**a,f=Math.floor(o/r),p=1/c,x=(o-f*r)/r-e/2*p,g=-f,w=l-f;for(let E=0;E<e;E++,t+=4){let y=Math.max(x+E*p,g),b=Math.min(x+(E+1)*p,w);if(b>y){let M=Math.floor((f+Math.floor(y))/m),T=(M+1)*m-f,v=Rt(y,w,u,d),$=Rt(Math.min(b,T),w,u,d),q=b>T?Rt(b,w,u,d)-$:0;s[t]=M-h,s[t+1]=yi(($-v)*c,q*c),s[t+2]=1073741824}else s[t]=0,s[t+1]=0,s[t+2]=0;s[t+3]=0}i.view&&vi(s,t-e*4,e,i)}function vi(s,t,e,i){let{centre:o,scale:n,view:r,edge:l,casing:a}=i,h=(r[0]-o)*n+e/2,c=(r[1]-o)*n+e/2,u=l/2,d=Math.max(Math.floor(h-u-a),0),m=Math.min(Math.ceil(c+u+a),e);for(let f=d;f<m;f++){let p=t+f*4;s[p+2]|=Nt(f,h-u-a,c+u+a)|Nt(f,h-u,c+u)<<10|Nt(f,h+u,c-u)<<20}}function Ot(s,t,e,{detail:i,anchor:o},n,r){let l=2**i,a=Math.min(n.length/4,16),h=NaN,c=0;for(let u=0;u<e;u++,t+=4)if(s[t+1]!==0){if(s[t]!==h){h=s[t],c=0;let d=(h+o)*l;for(let m=0;m<a;m++){let f=n[m*4+r],p=f+n[m*4+2+r];f<d+l&&p>d&&(c|=1<<m),f<d+2*l&&p>d+l&&(c|=1<<m+16)}c>>>=0}s[t+3]=c}}function Nt(s,t,e){return Math.round(Math.max(Math.min(s+1,e)-Math.max(s,t),0)*1023)}function yi(s,t){return(ve(s)|ve(t)<<16)>>>0}function ve(s){return Math.round(Math.min(Math.max(s,0),1)*65535)}function kt(s,{centre:t,scale:e,tile:i,extent:o,detail:n}){let r=2**n,l=s/2/e,a=Math.max((t-l)/i,0),h=Math.min((t+l)/i,o);if(!(h>a))return null;let c=Math.ceil(Math.ceil(o)/r)-1;return[Math.max(Math.floor(a/r)-1,0),Math.min(Math.floor(h/r)+1,c)]}var j=14,G=1<<j,Ee=4096,K=16,Ft=G/2-K,N=4,Dt=1,Ut=2654435761,J=9,Te=12,Ae=20,Ss=1<<Ae-1,Pt=128,z=Pt/32,Ei=16;function Se(s){let t=[],e=s.length/4<=16;for(let a=0;a<s.length;a+=4)(e||s[a+2]*s[a+3]>=Ei)&&t.push(a);t.length>Pt&&(t.sort((a,h)=>s[h+2]*s[h+3]-s[a+2]*s[a+3]),t.length=Pt);let i=new Set(t),o=new Float64Array(t.length*4),n=new Float64Array(s.length-o.length),r=0,l=0;for(let a=0;a<s.length;a+=4)if(i.size>0&&i.has(a))for(let h=0;h<4;h++)o[r++]=s[a+h];else for(let h=0;h<4;h++)n[l++]=s[a+h];return{bands:o,rest:n}}function zt(s,t,e,i,o,n,r){s.fill(0,t,t+n*z);let l=2**r;for(let a=0;a<e.length/4;a++){let h=e[a*4+i],c=h+e[a*4+2+i],u=Math.max(Math.floor(h/l)-o,0),d=Math.min(Math.ceil(c/l)-o,n),m=1<<(a&31);for(let f=u,p=t+u*z+(a>>5);f<d;f++,p+=z)s[p]|=m}}function Bt(s,t,e){if(e!==null&&s>=e&&t<e+G)return e;let i=Math.floor((s+t)/2);return Math.max(0,Math.floor((i-G/2)/Ee)*Ee)}function Me(s,t){return Math.imul(s,Ut)>>>t}var rt=class{constructor(){this.#t(Te),this.coarse=0}entries;shift;count;probes;bounds;build(t,e,i,o){for(this.coarse=0;;this.coarse++)if(this.#t(Te),this.#i(t,e,i,o))return this}lookup(t,e){let i=t>>this.coarse<<j|e>>this.coarse,o=this.entries.length-1;for(let n=Me(i,this.shift),r=0;r<this.probes;n=n+1&o,r++){let l=this.entries[n];if(l===0)return 0;if(l>>>N===i)return l&(1<<N)-1}return 0}#t(t){let e=1<<t;this.entries&&this.entries.length===e?this.entries.fill(0):this.entries=new Uint32Array(e),this.shift=32-t,this.count=0,this.probes=1,this.bounds=[G,G,-1,-1]}#i(t,e,i,o){let n=2**e;for(let r=0;r<t.length;r+=4){let l=m=>Math.min(Math.max(m,0),G),a=l(Math.floor(t[r]/n)-i)>>this.coarse,h=l(Math.floor(t[r+1]/n)-o)>>this.coarse,c=l(Math.ceil((t[r]+t[r+2])/n)-i)-1>>this.coarse,u=l(Math.ceil((t[r+1]+t[r+3])/n)-o)-1>>this.coarse;if(c<a||u<h)continue;for(let m=a;m<=c;m++)for(let f=h;f<=u;f++)if(this.#e(m<<j|f,Dt),this.count*2>this.entries.length&&!this.#r())return!1;let d=this.bounds;this.bounds=[Math.min(d[0],a),Math.min(d[1],h),Math.max(d[2],c),Math.max(d[3],u)]}return!0}#e(t,e){let i=this.entries,o=i.length-1,n=Me(t,this.shift);for(let r=1;;n=n+1&o,r++){let l=i[n];if(!(l!==0&&l>>>N!==t)){l===0&&(this.count++,r>this.probes&&(this.probes=r)),e>(l&(1<<N)-1)&&(i[n]=(t<<N|e)>>>0);return}}}#r(){let t=33-this.shift;if(t>Ae)return!1;let e=this.entries,i=this.bounds;this.#t(t),this.bounds=i;for(let o of e)o!==0&&this.#e(o>>>N,o&(1<<N)-1);return!0}};function P([s,t,e,i,o,n],r,l){return[s*r+t*l+e,i*r+o*l+n]}function Ct(s,t){let[e,i,o,n,r,l]=s,[a,h,c,u,d,m]=t;return[e*a+i*u,e*h+i*d,e*c+i*m+o,n*a+r*u,n*h+r*d,n*c+r*m+l]}function B([s,t,e,i,o,n]){let r=s*o-t*i;if(!Number.isFinite(1/r))return null;let[l,a,h,c]=[o/r,-t/r,-i/r,s/r],u=[l,a,-(l*e+a*n),h,c,-(h*e+c*n)];return u.every(Number.isFinite)?u:null}function _e(s){let t=a=>Array.isArray(a)&&a.length===3&&a.every(Number.isFinite);if(!Array.isArray(s)||s.length!==2||!s.every(t))return null;let[[e,i,o],[n,r,l]]=s;return[r,n,l,i,e,o]}function Ie(s,t,e,i,o){let n=[P(s,t,e),P(s,i,e),P(s,t,o),P(s,i,o)],[r,l]=[n.map(([a])=>a),n.map(([,a])=>a)];return{x0:Math.min(...r),y0:Math.min(...l),x1:Math.max(...r),y1:Math.max(...l)}}var Re={gray:"000000ffffff",green:"00000000ff00",magenta:"000000ff00ff",red:"000000ff0000",blue:"0000000000ff",cyan:"00000000ffff",yellow:"000000ffff00",gray_r:"ffffff000000",bop_blue:"00000020adf8",bop_orange:"000000f8ad20",bop_purple:"000000942094",i_blue:"ffffff0033cc",i_bordeaux:"ffffffcc0033",i_forest:"ffffff009900",i_orange:"ffffffff7500",i_purple:"ffffff7500ff",ice:"0000ffffffff",hilo:"000000ffffff",fire:"ffffffffffbfffff80ffff40ffff00ffbf00ff8000ff4000ff0000",viridis:"440154470d6048186a482374472d7b4536814240863f49893b528b375a8d33638d2f6a8e2c728e297a8e26818e23898e21908c1f988b1f9f8821a68528ae8031b57b3ebc744cc26c5dc9636ece5882d34c96d83fabdc32c0df24d5e21aeae51afde725",magma:"0000040303110a0822130d331d114628115a36106a430f7650127c5d177f691c817621818226818f2a819c2e7fa9327db63779c33b75cf4170db486ae65163ee5c5ef5695cf9785dfb8761fd9668fea571feb47bfec387fed194fde0a2fceeb0fcfdbf",inferno:"0000040403120b0724150b37210c4a2e0a5a3c09654a0c6b57106d63146e70196e7d1e6d89226a962766a32b61af315cbb3755c63e4dd14644db4f3be35932eb6528f1711ef67f14f98d0afb9c06fcab0ffbba1ff9ca32f5d949f2e865f3f586fcffa4",plasma:"0d08872206903105963f049c4c02a15901a56600a77201a87e03a88909a69511a29f1a9ca92396b22c8ebb3587c33e80cb4778d25071d9596ae06263e66c5ceb7555f07f4ff48a48f89441fb9f3afdab33feb72dfdc328fcd025f9dd25f5eb27f0f921",turbo:"30123b392a734040a14456c7466be3467ff64293ff37a7fa29bbec1dcdd818dcc31ee8b031f2994cf97e6bfd648aff4da3fd3cb8f735cced34dee037edd03af8c03afdae35fe982cfb8022f56817ec520fe04009d23105c02302ac1701950d017a0403",twilight:"e2d9e2d6d7ddc2ced4aac2cc94b4c781a6c37296c16886be6275ba5f63b55e50ac5d3da0592a8f511b7745135c3811453014373a113a4b134260184a751e4f882850993550a74550b25752bc6958c37d63c89073cca489d2b6a3d9c7bfdfd4d6e2d9e2",gist_earth:"0000000502740b15751027771538781b497a20587b25667d2a737e30808034847637896c3b8e633f925943974f4b9b465da04b6ea4507ea8538bab5698af58a5b25bb3b65db9b260bdab62c0a565c8a677d0ad8ad9b59ee2c2b3ebd1cbf4e4e3fdfbfb",PiYG:"8e01529f095fb0116dc2197acb3289d34f99db6ba8e283b6e796c4edaad2f2bbddf6c8e3fad5eafde1f0fbe9f2f9f0f5f7f7f7f2f6ebecf6dfe7f5d2dbf0becceaa6bee48fadda799ccf648ac34e79b73d69aa335a9d294b8f213f811e33721b276419",hsv:"ff0000ff2f00ff5e00ff8d00ffbc00ffeb00e4ff00b5ff0085ff0056ff0027ff0003ff0a00ff3700ff6600ff9500ffc400fff300dcff00adff007eff004fff0020ff0f00ff3f00ff6e00ff9d00ffcc00fff800fdff00d4ff00a5ff0076ff0047ff0018"},Ti=[["gray","gray"],["green","green"],["magenta","magenta"],["red","red"],["blue","blue"],["cyan","cyan"],["yellow","yellow"],["viridis","viridis"],["magma","magma"],["inferno","inferno"],["plasma","plasma"],["turbo","turbo"],["twilight","twilight"],["PiYG","PiYG"],["gist_earth","gist earth"],["hsv","hsv"],["hilo","high and low marked"],["bop_blue","bop blue"],["bop_orange","bop orange"],["bop_purple","bop purple"],["i_blue","I Blue"],["i_bordeaux","I Bordeaux"],["i_forest","I Forest"],["i_orange","I Orange"],["i_purple","I Purple"],["ice","ice"],["fire","fire"],["gray_r","gray, reversed"]],Rs=["magenta","green","cyan","yellow","red","blue"],Mi=new Map(Ti.map(([s])=>[s.toLowerCase(),s])),Ai=new Map([["grey","gray"],["grays","gray"],["greys","gray"],["gray_r","gray_r"],["twilight_shifted","twilight"],["piyg","PiYG"],["colormap_hilo","hilo"]]);function W(s){if(typeof s!="string")return null;let t=s.trim().toLowerCase().replace(/[\s-]+/g,"_");return Mi.get(t)??Ai.get(t)??null}function at(s,t=!1){let e=new Uint8Array(1024),i=/^#[0-9a-f]{6}$/i.test(s)?`000000${s.slice(1)}`:Re[W(s)??"gray"]??Re.gray,o=[];for(let r=0;r<i.length;r+=2)o.push(parseInt(i.slice(r,r+2),16));let n=o.length/3-1;for(let r=0;r<256;r++){let l=(t?255-r:r)/255*n,a=Math.min(Math.floor(l),n-1);for(let h=0;h<3;h++){let c=o[a*3+h];e[r*4+h]=Math.round(c+(o[a*3+3+h]-c)*(l-a))}e[r*4+3]=255}return W(s)==="hilo"&&(e.set([0,0,255],t?1020:0),e.set([255,0,0],t?0:1020)),e}var $t=2654435761,Gt=2246822519;function Ne(s){let t,e;if(typeof s=="bigint")t=Number(s&0xffffffffn),e=Number(s>>32n&0xffffffffn);else{let o=Math.trunc(s);if(!(o>=-(2**63)&&o<2**63))return 0;t=o>>>0,e=Math.floor(o/2**32)>>>0}if(t===0&&e===0)return 0;let i=t+Math.imul(e,Gt)>>>0;return 1+(Math.imul(i,$t)>>>16)%255}function Le(){let s=new Uint8Array(1024);for(let t=1;t<256;t++){let e=t*137.50776405%360,i=[.55,.7,.42][t%3],o=.75,n=r=>{let l=(r+e/30)%12;return Math.round(255*(i-o*Math.min(i,1-i)*Math.max(-1,Math.min(l-3,9-l,1))))};s.set([n(0),n(8),n(4),255],t*4)}return s}var Si=`
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
  int entry = label == 0u ? 0 : 1 + int(((label + upper * ${Gt}u) * ${$t}u >> 16) % ${255}u);
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
`;function Oe(s,t,e=!1){return`#version 300 es
${[s!=="float"&&"INTEGER",s==="wide"&&"WIDE",s==="entries"&&"ENTRIES",t==="color"&&"COLOR",t==="labels"&&"LABELS",(t==="phase"||t==="contours")&&"ANGLES",t==="contours"&&"CONTOURS",e&&"PLACED"].filter(Boolean).map(o=>`#define ${o}
`).join("")}${Si}`}function Vt(s,{contour:t=0,selection:e=null,dtype:i=""}){let o=Math.min(s.rgba.length>>2,65535),n=new Uint8Array((o+1)*4);n.set(s.rgba.subarray(0,o*4));let r=o,l=Number(i.slice(2))>2,a=i[1]!=="u",h=Number(i.slice(2))*8,c=Wt(s.background??"0"),u=e==null?null:Wt(e);if(s.kind==="direct"){let x=new Map(s.labels.slice(0,o-1).map((w,E)=>[Wt(w),E+1]));return{table:n,clear:r,contour:t,background:c,entryOf:w=>u!==null&&w!==u?r:x.get(w)??0}}let d=o-1,m=x=>{if(x===c)return 0;let g=typeof x=="bigint"?Number((x-1n)%BigInt(d)):(x-1)%d;return g<0&&(g=!a&&x===0?Number((2n**BigInt(h)-1n)%BigInt(d)):g+d),g+1},f=u===null?null:m(u);return{table:n,clear:r,contour:t,background:c,entryOf:x=>{let g=m(x);return g===0||u!==null&&(l?g!==f:x!==u)?r:g}}}function ke({rows:s,cols:t,step:e,type:i,data:o},{contour:n,background:r,entryOf:l}){let a=i==="u8"||i==="i8"?Array.from(o,Pe):o,h=new Uint16Array(a.length),c=n>0?_i(a,s,t,Math.min(Math.max(Math.round(n/e),1),64)):null,u=new Map,d,m=0;for(let f=0;f<h.length;f++){let p=c&&!c[f]?r:a[f];(p!==d||f===0)&&(d=p,m=u.get(p),m===void 0&&u.set(p,m=l(typeof p=="number"?Math.trunc(p):p))),h[f]=m}return h}function _i(s,t,e,i){let o=(h,c)=>h*e+c,n=(h,c)=>{let u=h.slice();for(let d=0;d<t;d++)for(let m=0;m<e;m++){let f=o(d,m),p=h[f];d>0&&c(h[f-e],p)&&(p=h[f-e]),d<t-1&&c(h[f+e],p)&&(p=h[f+e]),m>0&&c(h[f-1],p)&&(p=h[f-1]),m<e-1&&c(h[f+1],p)&&(p=h[f+1]),u[f]=p}return u},r=n(s,(h,c)=>h>c),l=s;for(let h=0;h<i;h++)l=n(l,(c,u)=>c<u);let a=new Uint8Array(t*e);for(let h=0;h<a.length;h++)a[h]=r[h]===l[h]?0:1;return a}function Wt(s){return Pe(BigInt(s))}function Pe(s){let t=Number(s);return Number.isSafeInteger(t)?t:s}var Xt=3,Ht=4,Fe=5,Ii=2,lt=1e6,De=["","RED","RG","RGB","RGBA"],Ri=["","R","RG","RGB","RGBA"],V={u1:{suffix:"8UI",store:"integer",type:"UNSIGNED_BYTE"},u2:{suffix:"16UI",store:"integer",type:"UNSIGNED_SHORT"},u4:{suffix:"32UI",store:"wide",type:"UNSIGNED_INT"},i4:{suffix:"32UI",store:"wide",type:"UNSIGNED_INT",negative:!0},f4:{suffix:"32F",store:"float",type:"FLOAT"},entries:{suffix:"8UI",store:"entries",type:"UNSIGNED_BYTE"},painted:{suffix:"16UI",store:"entries",type:"UNSIGNED_SHORT"}},Yt={translucent:{from:"SRC_ALPHA",to:"ONE_MINUS_SRC_ALPHA"},translucent_no_depth:{from:"SRC_ALPHA",to:"ONE_MINUS_SRC_ALPHA"},additive:{from:"SRC_ALPHA",to:"DST_ALPHA"},multiplicative:{from:"DST_COLOR",to:"ZERO"},minimum:{equation:"MIN",from:"ONE",to:"ONE"},opaque:{from:"ONE",to:"ZERO"}},Ni={additive:{from:"SRC_ALPHA",to:"ZERO"},minimum:{from:"ONE",to:"ZERO"}},qt=256,Li={u4:[0,2**32-1],i4:[-(2**31),2**31-1]};function Q(s){return{u1:255,u2:65535}[s]??1}function Ue(s){return s.full>0?s.full:Q(s.type)}function ze(s,{kind:t,low:e,high:i,painting:o}){let{type:n,data:r}=s;if(t==="labels"&&o)return{type:"painted",relative:!1,make:()=>ke(s,o)};if(t==="labels")return V[n]&&n!=="f4"?{type:n,relative:!1,make:()=>n==="i4"?Be(r):r}:{type:"entries",relative:!1,make:()=>Uint8Array.from(r,Ne)};if(V[n]&&n!=="f4")return{type:n,relative:!1,make:()=>n==="i4"?Be(r):r};let l=t==="scalar"&&(n==="i8"||n==="u8"||U(e,i));return l?{type:"f4",relative:l,make:()=>Oi(s,e,i)}:{type:"f4",relative:l,make:()=>n==="f4"?r:Float32Array.from(r,Number)}}function Be({buffer:s,byteOffset:t,length:e}){return new Uint32Array(s,t,e)}function Oi(s,t,e){let{base:i,data:o}=se(s),n=vt(t,i),r=vt(e,i),l=new Float32Array(o.length),a=r-n<1/0?1:.25,h=r*a-n*a||Number.MIN_VALUE;for(let c=0;c<l.length;c++)l[c]=(o[c]*a-n*a)/h;return l}var ki=null,ht=class{#t;#i;#e=new Map;#r=new Map;#s=[];constructor(t,e){this.#t=t,this.#i=e}get any(){return this.#s.length>0}restore(){this.#e.clear();for(let t of this.#r.values())Object.assign(t,{texture:null,frame:null,colors:null,table:null})}set(t){this.#s=[];let e=new Set;for(let i of t){e.add(i.key),this.#r.has(i.key)||this.#r.set(i.key,{texture:null,frame:null,colors:null,table:null});let o=this.#r.get(i.key);o.picture=i,this.#s.push(o)}for(let[i,o]of this.#r)e.has(i)||(this.#x(o),this.#r.delete(i))}draw(t){let e=this.#t;e.enable(e.BLEND),e.enable(e.SCISSOR_TEST);let i=null;for(let o of this.#s){let{frame:n}=o.picture;if(n.rows===0||n.cols===0||!(o.picture.look.opacity>0))continue;let r=o.picture.place.affine?this.#f(o,t):this.#l(o,t);r&&(i=i?[Math.min(r[0],i[0]),Math.min(r[1],i[1]),Math.max(r[2],i[2]),Math.max(r[3],i[3])]:r)}return e.disable(e.SCISSOR_TEST),e.disable(e.BLEND),i}destroy(){for(let t of this.#r.values())this.#x(t);this.#r.clear(),this.#s=[];for(let t of this.#e.values())this.#t.deleteProgram(t.name);this.#e.clear()}#l(t,{width:e,height:i,viewport:o,camera:n,canvas:r,dim:l}){let a=this.#t,{frame:h,place:c,look:u}=t.picture,d=e/o.width,m=i/o.height,f=Ge(c.x,c.width,c.right,n.x,n.scale*d,e),p=Ge(c.y,c.height,c.bottom,n.y,n.scale*m,i),x=Math.max(Math.floor(f.low),0),g=Math.min(Math.ceil(f.high),e),w=Math.max(Math.floor(p.low),0),E=Math.min(Math.ceil(p.high),i);if(x>=g||w>=E)return null;let y=u.kind==="color"&&h.samples<3?"scalar":u.kind,b=y==="phase"||y==="contours",M=ze(h,{...u,kind:y});if(b&&M.type!=="f4")return null;let T=this.#m(V[M.type].store,y);a.useProgram(T.name),this.#d(t,y,M);let v=di=>T.uniform(di);a.viewport(0,0,e,i),a.scissor(x,i-E,g-x,E-w),this.#o(u.ground,r),a.uniform1i(v("picture"),Xt),a.uniform1i(v("colors"),Ht),a.uniform1i(v("height"),i),a.uniform2f(v("centre"),e/2,i/2),a.uniform4f(v("edge"),f.low,p.low,f.high,p.high),a.uniform2i(v("size"),h.cols,h.rows),a.uniform2i(v("home"),f.home,p.home),a.uniform2f(v("rest"),f.rest,p.rest),a.uniform2f(v("texels"),f.texels,p.texels);let $=Math.min(Math.abs(1/f.texels),Math.abs(1/p.texels))>=Ii&&h.step===1;a.uniform1i(v("smoothly"),y!=="labels"&&!u.nearest&&(u.smooth||!$)?1:0),b&&(a.uniform1i(v("weights"),Fe),a.uniform1f(v("weighing"),this.#h(t)),a.uniform1f(v("lines"),u.lines??0),a.uniform1f(v("ratio"),d)),this.#u(v,y,M,u),a.uniform1f(v("opacity"),u.opacity),a.uniform1f(v("opaque"),h.samples===4?Ue(h):0);let q=u.additive?[0,0,0]:r;return a.uniform4f(v("veil"),q[0]/255,q[1]/255,q[2]/255,l),a.blendFunc(a.ONE,u.additive?a.ONE:a.ONE_MINUS_SRC_ALPHA),a.drawArrays(a.TRIANGLES,0,3),[x,w,g,E]}#f(t,{width:e,height:i,viewport:o,camera:n,canvas:r,dim:l}){let a=this.#t,{frame:h,place:c,look:u}=t.picture,d=[e/o.width,i/o.height],m=$e(c,n,n.scale*d[0],n.scale*d[1],e,i);if(!m)return null;let[f,p,x,g]=m.box,w=u.kind==="color"&&h.samples<3?"scalar":u.kind,E=ze(h,{...u,kind:w}),y=this.#m(V[E.type].store,w,!0);a.useProgram(y.name),this.#d(t,w,E);let b=v=>y.uniform(v);a.viewport(0,0,e,i),a.scissor(f,i-g,x-f,g-p),this.#o(u.ground,r),a.uniform1i(b("picture"),Xt),a.uniform1i(b("colors"),Ht),a.uniform1i(b("height"),i),a.uniform2f(b("centre"),e/2,i/2),a.uniform2i(b("size"),Math.ceil(c.cols),Math.ceil(c.rows)),a.uniform2f(b("last"),c.cols%1||1,c.rows%1||1),a.uniform2i(b("home"),...m.home),a.uniform2f(b("rest"),...m.rest),a.uniformMatrix2fv(b("turn"),!1,m.turn);let M=c.hole&&$e(c.hole,n,n.scale*d[0],n.scale*d[1],e,i);a.uniform1i(b("hollow"),M?1:0),M&&(a.uniformMatrix2fv(b("holeTurn"),!1,M.turn),a.uniform2i(b("holeSize"),Math.ceil(c.hole.cols),Math.ceil(c.hole.rows)),a.uniform2i(b("holeHome"),...M.home),a.uniform2f(b("holeRest"),...M.rest),a.uniform2f(b("holeLast"),c.hole.cols%1||1,c.hole.rows%1||1)),a.uniform1i(b("smoothly"),w!=="labels"&&(u.smooth||h.step>1)?1:0),this.#u(b,w,E,u),a.uniform1f(b("opacity"),u.opacity),a.uniform1f(b("opaque"),h.samples===4?u.opaque??Ue(h):0),a.uniform1i(b("steps"),u.steps?1:0);for(let v of["over","under"])a.uniform4fv(b(v),(u[v]??[0,0,0,-255]).map($=>$/255));a.uniform4fv(b("none"),(u.none??[0,0,0,0]).map(v=>v/255)),a.uniform4f(b("veil"),r[0]/255,r[1]/255,r[2]/255,l);let T=u.first?Ni[u.blending]??Yt.translucent:Yt[u.blending]??Yt.translucent;return a.blendEquation(a[T.equation??"FUNC_ADD"]),a.blendFuncSeparate(a[T.from],a[T.to],a.ONE,a.ONE),a.drawArrays(a.TRIANGLES,0,3),a.blendEquation(a.FUNC_ADD),m.box}#o(t,e){if(!t)return;let i=this.#t;i.clearColor(...(t===!0?e:t).map(o=>o/255),1),i.clear(i.COLOR_BUFFER_BIT)}#u(t,e,i,o){let n=this.#t,[r,l]=i.relative?[0,1]:[Number(o.low),Number(o.high)],a=l-r,h=e==="scalar"&&Li[i.type],c=h?Math.min(Math.max(Math.floor(r),h[0]),h[1]):0;n.uniform1ui(t("zero"),c>>>0),n.uniform1i(t("negative"),V[i.type].negative?1:0),n.uniform2f(t("limits"),r-c,Number.isFinite(a)&&a!==0?1/a:1e30),n.uniform1f(t("gamma"),o.gamma>0?o.gamma:1)}#d(t,e,i){let o=this.#t,{frame:n,look:r}=t.picture;o.activeTexture(o.TEXTURE0+Xt);let{suffix:l,type:a,store:h}=V[i.type],c=Ri[n.samples]+l;!t.texture||t.format!==c||t.rows!==n.rows||t.cols!==n.cols?(t.texture&&o.deleteTexture(t.texture),t.texture=Ce(o),o.texStorage2D(o.TEXTURE_2D,1,o[c],n.cols,n.rows),Object.assign(t,{format:c,rows:n.rows,cols:n.cols,frame:null})):o.bindTexture(o.TEXTURE_2D,t.texture);let u=`${i.type} ${i.relative?`${r.low} ${r.high}`:""}`,d=i.type==="painted"?r.painting:null;if(t.frame!==n||t.how!==u||t.painting!==d){let p=o[h==="float"?De[n.samples]:`${De[n.samples]}_INTEGER`];o.texSubImage2D(o.TEXTURE_2D,0,0,0,n.cols,n.rows,p,o[a],i.make()),Object.assign(t,{frame:n,how:u,painting:d,relative:i.relative})}o.activeTexture(o.TEXTURE0+Ht);let m=d?d.table:e==="labels"?ki??=Le():r.table,f=d?Math.ceil(m.length/4/qt):1;if(!t.colors||t.tableRows!==f?(t.colors&&o.deleteTexture(t.colors),t.colors=Ce(o),o.texStorage2D(o.TEXTURE_2D,1,o.RGBA8,256,f),Object.assign(t,{table:null,tableRows:f})):o.bindTexture(o.TEXTURE_2D,t.colors),m&&t.table!==m){let p=m.length===f*qt*4?m:new Uint8Array(f*qt*4);p!==m&&p.set(m),o.texSubImage2D(o.TEXTURE_2D,0,0,0,256,f,o.RGBA,o.UNSIGNED_BYTE,p),t.table=m}}#h({picture:{frame:t,look:e}}){let i=e.weight&&this.#r.get(e.weight.key);if(!(i?.texture&&i.format==="R32F"&&!i.relative&&i.rows===t.rows&&i.cols===t.cols&&e.weight.high>0))return 0;let n=this.#t;return n.activeTexture(n.TEXTURE0+Fe),n.bindTexture(n.TEXTURE_2D,i.texture),1/e.weight.high}#m(t,e,i=!1){let o=`${t} ${e} ${i}`;return this.#e.has(o)||this.#e.set(o,this.#i(Oe(t,e,i))),this.#e.get(o)}#x(t){t.texture&&this.#t.deleteTexture(t.texture),t.colors&&this.#t.deleteTexture(t.colors)}};function Ce(s){let t=s.createTexture();return s.bindTexture(s.TEXTURE_2D,t),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_MIN_FILTER,s.NEAREST),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_MAG_FILTER,s.NEAREST),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_WRAP_S,s.CLAMP_TO_EDGE),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_WRAP_T,s.CLAMP_TO_EDGE),t}function $e({affine:s,cols:t,rows:e},i,o,n,r,l){let[a,h,c,u,d,m]=s,f=[a*o,h*o,(c-i.x)*o,u*n,d*n,(m-i.y)*n],p=B(f);if(!p)return null;let x=(T,v)=>Math.min(Math.max(T,0),v),g=[[0,0],[t,0],[0,e],[t,e]].map(([T,v])=>[f[0]*T+f[1]*v+f[2]+r/2,f[3]*T+f[4]*v+f[5]+l/2]),[w,E]=[g.map(([T])=>T),g.map(([,T])=>T)],y=[x(Math.floor(Math.min(...w)),r),x(Math.floor(Math.min(...E)),l),x(Math.ceil(Math.max(...w)),r),x(Math.ceil(Math.max(...E)),l)];if(!(y[0]<y[2]&&y[1]<y[3]))return null;let b=T=>Math.min(Math.max(T,-lt),lt),M=[Math.floor(b(p[2])),Math.floor(b(p[5]))];return{box:y,home:M,rest:[b(p[2]-M[0]),b(p[5]-M[1])],turn:[p[0],p[3],p[1],p[4]]}}function Ge(s,t,e,i,o,n){let r=u=>Math.min(Math.max(u,-lt),lt),l=(i-s)/t,a=Math.floor(r(l)),h=r((s-i)*o+n/2),c=r((e-i)*o+n/2);return{low:Math.min(h,c),high:Math.max(h,c),home:a,rest:r(l-a),texels:1/(t*o)}}var Pi=`#version 300 es
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
}`,Fi=`#version 300 es
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
}`,ct=class{#t;#i;#e=null;#r=null;#s=[];#l=0;#f=0;#o=null;constructor(t,e){this.#t=t,this.#i=e}restore(){this.#e=null,this.#s=[],this.#o=null}set(t){if(!t||t.count!==this.#r?.count){for(let e of this.#s)e.filled=!1;this.#o=null}this.#r=t?.count>0?t:null}draw({width:t,height:e,viewport:i,camera:o,canvas:n,dim:r}){let l=this.#r;if(!l)return;let a=this.#t;this.#e??=this.#i(Fi,Pi),l.data!==this.#o&&this.#u(l);let h=t/i.width,c=m=>this.#e.uniform(m),{place:u,wrap:d}=l;a.useProgram(this.#e.name),a.viewport(0,0,t,e),a.uniform4f(c("place"),u.x,u.y,u.width,u.height),a.uniform2f(c("wrap"),d[0],d[1]),a.uniform3f(c("camera"),o.x,o.y,o.scale*h),a.uniform2f(c("screen"),t,e),a.uniform4f(c("veil"),n[0]/255,n[1]/255,n[2]/255,r),a.enable(a.BLEND),a.blendFunc(a.ONE,a.ONE_MINUS_SRC_ALPHA);for(let m=7;m>=0;m--){let f=this.#s[(this.#l+7+1-m)%8];f?.filled&&(a.uniform1f(c("size"),(m===0?l.size+2:l.size*.6)*h),a.uniform1f(c("ring"),m===0?1*h:0),a.uniform1f(c("opacity"),.45*(1-m/8)),a.bindVertexArray(f.array),a.drawArrays(a.POINTS,0,l.count))}a.bindVertexArray(null),a.disable(a.BLEND)}destroy(){let t=this.#t;for(let{array:e,buffer:i}of this.#s)t.deleteVertexArray(e),t.deleteBuffer(i);this.#s=[],this.#e&&t.deleteProgram(this.#e.name),this.#e=null,this.#r=null}#u({data:t,count:e}){let i=this.#t;this.#o=t,this.#s.length>0&&++this.#f>=3&&(this.#f=0,this.#l=(this.#l+1)%8);let o=this.#s[this.#l]??={array:i.createVertexArray(),buffer:i.createBuffer(),size:0,filled:!1};i.bindVertexArray(o.array),i.bindBuffer(i.ARRAY_BUFFER,o.buffer),o.size!==t.byteLength?(i.bufferData(i.ARRAY_BUFFER,t,i.DYNAMIC_DRAW),o.size=t.byteLength,i.enableVertexAttribArray(0),i.enableVertexAttribArray(1),i.vertexAttribPointer(0,1,i.FLOAT,!1,4,0),i.vertexAttribPointer(1,1,i.FLOAT,!1,4,e*4)):i.bufferSubData(i.ARRAY_BUFFER,0,t),o.filled=!0,i.bindVertexArray(null)}};var Ve=`#version 300 es
void main() {
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0);
}`,Di=`
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
  uint slot = key * ${Ut}u >> shift;
  uint last = (1u << (32 - shift)) - 1u;
  bool found = false;
  for (int turn = within ? probes : 0; turn > 0; turn--) {
    uint entry = texelFetch(states, ivec2(slot & ${(1<<J)-1}u, slot >> ${J}), 0).x;
    found = entry >> ${N} == key && (entry & ${(1<<N)-1}u) == ${Dt}u;
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
}`;function Zt(s){return`#version 300 es
${s?`#define LOOK_UP
`:""}${Di}`}var Xe=1<<J,Ui=.5,zi=.14,Bi=.55,He=["axes","masks","states"],ut=class{#t;#i=null;#e=null;#r=[];#s=null;#l=null;#f=null;#o=Ft;constructor(t){this.#t=t.getContext("webgl2",{alpha:!1,antialias:!1,depth:!1,stencil:!1}),this.#t&&!this.#t.isContextLost()&&this.restore()}get available(){return this.#t!==null}get lost(){return this.#t!==null&&this.#t.isContextLost()}get mostPixels(){return this.#o}get images(){return this.#l}get points(){return this.#f}restore(){let t=this.#t;this.#l??=new ht(t,e=>new X(t,e)),this.#l.restore(),this.#f??=new ct(t,(e,i)=>new X(t,e,i)),this.#f.restore();try{this.#i=new X(t,Zt(!1)),this.#e=new X(t,Zt(!0))}catch(e){console.error(e),this.#t=null;return}this.#o=Math.min(t.getParameter(t.MAX_TEXTURE_SIZE)-K,Ft),t.pixelStorei(t.UNPACK_ALIGNMENT,1),this.#r=He.map((e,i)=>this.#d(i,1,1,4,new Uint32Array(4)))}setAxes(t,e){this.#h(0,e,2,4,t)}setMasks(t,e){this.#h(1,e,2,z,t)}setStates(t){this.#h(2,Xe,t.entries.length/Xe,1,t.entries),this.#s=t}draw(t){let{width:e,height:i,theme:o}=t,n=this.#t,r=t.tiles?1:0;if(t.grid?this.#u(t,[...C(o.canvas),1],[r,r,0]):this.clear(e,i,t.ground??o.canvas),!this.#l.any)return;let l={...t,canvas:t.ground??o.canvas,dim:t.grid?0:t.dim},a=this.#l.draw(l);t.grid||this.#f.draw(l),!(!a||!t.grid)&&(n.enable(n.BLEND),n.enable(n.SCISSOR_TEST),n.blendFunc(n.ONE,n.ONE_MINUS_SRC_ALPHA),n.scissor(a[0],i-a[3],a[2]-a[0],a[3]-a[1]),this.#u(t,[0,0,0,0],t.tiles?[t.shade?Ui:0,t.shade?zi:0,Bi]:[0,0,0]),n.disable(n.SCISSOR_TEST),n.disable(n.BLEND))}#u({width:t,height:e,first:i,wide:o,lookUp:n,theme:r,dim:l},a,h){let c=this.#t,u=n?this.#e:this.#i,d=m=>u.uniform(m);c.useProgram(u.name),c.viewport(0,0,t,e),c.uniform1i(d("height"),e),c.uniform3fv(d("canvas"),C(r.canvas)),c.uniform4fv(d("ground"),a),c.uniform3fv(d("fills"),h),c.uniform3fv(d("tileOff"),C(r.tileOff)),c.uniform3fv(d("tileSeen"),C(r.tileSeen)),c.uniform3fv(d("viewColor"),C(r.view)),c.uniform2f(d("viewFill"),a[3]>0?r.viewFill:0,r.casingFill),c.uniform3fv(d("casingColor"),C(r.casing)),c.uniform1f(d("dim"),l),n&&(c.uniform2i(d("first"),i[0],i[1]),c.uniform1i(d("wide"),o?1:0),c.uniform1i(d("shift"),this.#s.shift),c.uniform1i(d("probes"),this.#s.probes),c.uniform1i(d("coarse"),this.#s.coarse),c.uniform4iv(d("bounds"),this.#s.bounds)),c.drawArrays(c.TRIANGLES,0,3)}clear(t,e,i){let o=this.#t;o.viewport(0,0,t,e),o.clearColor(...C(i),1),o.clear(o.COLOR_BUFFER_BIT)}read(t,e,i,o,n){let r=this.#t,l=new Uint8Array(i*o*4);r.readPixels(t,n-e-o,i,o,r.RGBA,r.UNSIGNED_BYTE,l);let a=new Uint8Array(l.length),h=i*4;for(let c=0;c<o;c++)a.set(l.subarray((o-1-c)*h,(o-c)*h),c*h);return a}destroy(){if(!this.#t.canvas.isConnected){this.#t.getExtension("WEBGL_lose_context")?.loseContext();return}this.#l.destroy(),this.#f.destroy();for(let t of this.#r)this.#t.deleteTexture(t.name);for(let t of[this.#i,this.#e])this.#t.deleteProgram(t.name)}#d(t,e,i,o,n){let r=this.#t,l=r.createTexture();r.activeTexture(r.TEXTURE0+t),r.bindTexture(r.TEXTURE_2D,l),r.texParameteri(r.TEXTURE_2D,r.TEXTURE_MIN_FILTER,r.NEAREST),r.texParameteri(r.TEXTURE_2D,r.TEXTURE_MAG_FILTER,r.NEAREST),r.texStorage2D(r.TEXTURE_2D,1,o===4?r.RGBA32UI:r.R32UI,e,i);let a={name:l,width:e,height:i,channels:o};return this.#m(t,a,e,i,n),a}#h(t,e,i,o,n){let r=this.#r[t];if(r.channels===o&&r.width===e&&r.height===i){this.#m(t,r,e,i,n);return}this.#t.deleteTexture(r.name),this.#r[t]=this.#d(t,e,i,o,n)}#m(t,e,i,o,n){let r=this.#t;r.activeTexture(r.TEXTURE0+t),r.bindTexture(r.TEXTURE_2D,e.name);let l=e.channels===4?r.RGBA_INTEGER:r.RED_INTEGER;r.texSubImage2D(r.TEXTURE_2D,0,0,0,i,o,l,r.UNSIGNED_INT,n)}},X=class{#t;#i=new Map;constructor(t,e,i=Ve){this.#t=t,this.name=t.createProgram();for(let[o,n]of[[t.VERTEX_SHADER,i],[t.FRAGMENT_SHADER,e]]){let r=t.createShader(o);if(t.shaderSource(r,n),t.compileShader(r),!t.getShaderParameter(r,t.COMPILE_STATUS)&&!t.isContextLost())throw new Error(`compile shader: ${t.getShaderInfoLog(r)}`);t.attachShader(this.name,r)}if(t.linkProgram(this.name),!t.getProgramParameter(this.name,t.LINK_STATUS)&&!t.isContextLost())throw new Error(`link program: ${t.getProgramInfoLog(this.name)}`);t.useProgram(this.name),He.forEach((o,n)=>t.uniform1i(this.uniform(o),n))}uniform(t){return this.#i.has(t)||this.#i.set(t,this.#t.getUniformLocation(this.name,t)),this.#i.get(t)}};function C(s){return s.map(t=>t/255)}function jt(s){let t=getComputedStyle(s),e=Ci(t),i=(n,r)=>$i(t.getPropertyValue(n))??r;return{canvas:i("--canvas",e?[0,0,0]:[255,255,255]),tileOff:i("--tile-off",[163,162,160]),tileSeen:i("--tile-seen",[225,19,19]),view:i("--tile-view",[245,197,66]),loading:i("--tile-loading",[86,180,233]),reloaded:i("--tile-reloaded",[255,120,220]),axisX:i("--axis-x",[230,50,50]),axisY:i("--axis-y",[60,160,75]),casing:[0,0,0],viewFill:.16,casingFill:.5}}function S(s){return`rgb(${s.join(" ")})`}function Ci(s){return s.colorScheme==="dark"||s.colorScheme==="light"?s.colorScheme==="dark":matchMedia("(prefers-color-scheme: dark)").matches}function $i(s){let t=s.trim();if(t==="")return null;if(/^[\d.]+[\s,]+[\d.]+[\s,]+[\d.]+$/.test(t))return t.split(/[\s,]+/).map(Number);if(!CSS.supports("color",t))return null;let e=new OffscreenCanvas(1,1).getContext("2d",{willReadFrequently:!0});return e.fillStyle=t,e.fillRect(0,0,1,1),[...e.getImageData(0,0,1,1).data.slice(0,3)]}var Ye=64,dt=2,mt=7,R=7,Gi=32,qe=10,Ze="600 12px system-ui, sans-serif",je=3,Ke=14,Je=9,F=14,Qe=6,Kt=8,ti=4,pt=class{#t;#i;constructor(t){this.#t=t,this.#i=t.getContext("2d")}draw({camera:t,viewport:e,width:i,height:o,theme:n,view:r,dim:l,picture:a=null,tiles:h=!0,marks:c=null,scene:u=null}){let d=this.#i;(this.#t.width!==i||this.#t.height!==o)&&(this.#t.width=i,this.#t.height=o),d.setTransform(i/e.width,0,0,o/e.height,0,0),d.clearRect(0,0,e.width,e.height),a&&h&&(this.#e(a.loading,a,t,e,S(n.loading),1,1-l),this.#e(a.reloaded,a,t,e,S(n.reloaded),-1,1-l)),u?.axes!==!1&&this.#l(t,e,n,1-l,c?.names??["y","x"],u?.up?u.box.y1:null),c?.line&&this.#r(c.line,t,e,n),c?.paint&&(d.save(),c.paint(d,{camera:t,viewport:e,opacity:1-l}),d.restore());let m=a&&r?It(a):"";m&&this.#s([`level ${a.level}, ${m}`,`level ${a.level}, ideal ${a.ideal}`],r,t,e,n),r&&u?.frame&&this.#o(r,t,e,n,1-l),r&&this.#u(r,t,e,n,1-l)}get canvas(){return this.#t}clear(){this.#i.setTransform(1,0,0,1,0,0),this.#i.clearRect(0,0,this.#t.width,this.#t.height)}#e(t,{tile:e},i,o,n,r,l){if(t.length===0)return;let a=this.#i,h=new Path2D,c=(f,p)=>Math.min(Math.max(f,-Kt),p+Kt),u=!1;for(let f=0;f<t.length;f+=4){let[p,x]=_(i,o,t[f+1]*e[1],t[f]*e[0]),[g,w]=_(i,o,(t[f+1]+t[f+3])*e[1],(t[f]+t[f+2])*e[0]);if(g<0||w<0||p>o.width||x>o.height)continue;let E=c(p,o.width),y=c(x,o.height);h.rect(E,y,Math.max(c(g,o.width)-E,2),Math.max(c(w,o.height)-y,2)),u=!0}if(!u)return;a.save(),a.globalAlpha=l,a.strokeStyle=n,a.lineWidth=2,a.stroke(h),a.clip(h);let d=new Path2D,m=o.width+o.height;for(let f=-o.height;f<m;f+=Kt)d.moveTo(f,r>0?o.height:0),d.lineTo(f+o.height,r>0?0:o.height);a.stroke(d),a.restore()}#r(t,e,i,o){let n=this.#i,[r,l]=t.map(([h,c])=>_(e,i,h,c)),a=new Path2D;a.moveTo(...r),a.lineTo(...l);for(let[h,c]of[r,l])a.moveTo(h+ti,c),a.arc(h,c,ti,0,2*Math.PI);n.strokeStyle=S(o.casing),n.lineWidth=4,n.stroke(a),n.strokeStyle=S(o.view),n.lineWidth=2,n.stroke(a)}#s(t,e,i,o,n){let r=this.#i,[l,a]=_(i,o,e.x0,e.y0),[h,c]=_(i,o,e.x1,e.y1);if(h<0||c<0||l>o.width||a>o.height)return;r.font=Ze,r.textAlign="left",r.textBaseline="middle";let u=x=>r.measureText(x).width+28,d=t.find(x=>u(x)<=o.width-16)??t.at(-1),m=u(d),f=Math.min(Math.max(l,8),Math.max(o.width-m-8,8)),p=Math.min(Math.max(a-26,8),o.height-30);r.fillStyle=S(n.view),r.beginPath(),r.roundRect(f,p,m,22,3),r.fill(),r.fillStyle=r.strokeStyle=S(n.casing),r.lineWidth=1.5,r.beginPath(),r.moveTo(f+12,p+5),r.lineTo(f+18,p+16),r.lineTo(f+6,p+16),r.closePath(),r.moveTo(f+12,p+9),r.lineTo(f+12,p+13),r.stroke(),r.fillText(d,f+22,p+11.5)}#l(t,e,i,o,[n,r],l){let a=this.#i,h=l!==null,[c,u]=_(t,e,0,l??0),d=(g,w)=>Math.min(Math.max(g,qe),w-qe-Ye-2*R),m=d(c-mt,e.width),f=u+(h?mt:-mt),p=h?e.height-d(e.height-f,e.height):d(f,e.height),x=m===c-mt&&p===f?Ye:Gi;a.globalAlpha=o,a.font=Ze,a.lineJoin="round",this.#f(m,p,x,0,r,S(i.axisX),S(i.canvas)),n!==""&&this.#f(m,p,0,h?-x:x,n,S(i.axisY),S(i.canvas)),a.globalAlpha=1}#f(t,e,i,o,n,r,l){let a=this.#i,h=t+i,c=e+o,u=Math.sign(i),d=Math.sign(o),m=new Path2D;m.moveTo(t-u*dt/2,e-d*dt/2),m.lineTo(h-u*R,c-d*R);let f=new Path2D;f.moveTo(h,c),f.lineTo(h-u*R-d*R*.5,c-d*R-u*R*.5),f.lineTo(h-u*R+d*R*.5,c-d*R+u*R*.5),f.closePath(),a.textAlign=u?"left":"center",a.textBaseline=u?"middle":d>0?"top":"bottom";let p=h+u*5,x=c+d*3;a.strokeStyle=l,a.lineWidth=dt+je,a.stroke(m),a.lineWidth=je,a.stroke(f),a.strokeText(n,p,x),a.strokeStyle=a.fillStyle=r,a.lineWidth=dt,a.stroke(m),a.fill(f),a.fillText(n,p,x)}#o(t,e,i,o,n){let[r,l]=_(e,i,t.x0,t.y0),[a,h]=_(e,i,t.x1,t.y1),c=(x,g)=>Math.min(Math.max(x,-4),g+4),[u,d,m,f]=[c(r,i.width),c(l,i.height),c(a,i.width),c(h,i.height)];if(!(m>u&&f>d))return;let p=this.#i;p.globalAlpha=n;for(let[x,g]of[[o.casing,4],[o.view,2]])p.strokeStyle=S(x),p.lineWidth=g,p.strokeRect(u,d,m-u,f-d);p.globalAlpha=1}#u(t,e,i,o,n){let[r,l]=_(e,i,t.x0,t.y0),[a,h]=_(e,i,t.x1,t.y1),c=this.#i,u=new Path2D;if(a<0||h<0||r>i.width||l>i.height)Wi(u,(r+a)/2,(l+h)/2,i);else if(a-r<F&&h-l<F)Vi(u,(r+a)/2,(l+h)/2);else return;c.globalAlpha=n,c.lineCap=c.lineJoin="round",c.strokeStyle=S(o.casing),c.lineWidth=4,c.stroke(u),c.strokeStyle=S(o.view),c.lineWidth=2,c.stroke(u),c.lineCap="butt",c.globalAlpha=1}};function Wi(s,t,e,{width:i,height:o}){let n=t-i/2,r=e-o/2,l=Math.min((i/2-Ke)/Math.abs(n),(o/2-Ke)/Math.abs(r)),a=i/2+n*l,h=o/2+r*l,c=Math.atan2(r,n),u=d=>[a-Math.cos(c+d)*Je,h-Math.sin(c+d)*Je];s.moveTo(...u(.7)),s.lineTo(a,h),s.lineTo(...u(-.7))}function Vi(s,t,e){for(let[i,o]of[[-1,-1],[1,-1],[1,1],[-1,1]])s.moveTo(t+i*F,e+o*(F-Qe)),s.lineTo(t+i*F,e+o*F),s.lineTo(t+i*(F-Qe),e+o*F)}var gt=1,L=2,I=4,H=gt|L|I,Hi=32,Yi=20,qi=480,Zi=.6,ji=80,Ki=160,bt=class{#t;#i;#e;#r;#s;#l=null;#f=null;#o=null;#u=null;#d=null;#h=null;#m=[];#x=null;#b=!1;#E=!0;#T=!1;#I=null;#n={x:0,y:0,scale:1};#p="fit";#c=null;#_=null;#a={width:0,height:0};#A={top:0,right:0,bottom:0,left:0};#w={width:0,height:0};#S;#O=!1;#F=!1;#M=!1;#v=H;#y=0;#C=0;#G=[];#k={bands:new Float64Array(0),rest:new Float64Array(0)};#z=new rt;#P=null;#Z=[0,0];#D=new Uint32Array(0);#B=new Uint32Array(0);#R={updates:0,frames:0,pictures:0,draws:0,hashBuilds:0,drawTime:0};constructor(t,e,i){this.#t=t.canvas,this.#i=e,this.#s=i,this.#S=jt(i.theme),this.#e=new ut(t.canvas),this.#r=new pt(t.overlay),this.#M=this.#e.lost,this.#H()}update(t){this.#R.updates++,this.#l=t,this.#O||this.#$()}setImages(t){t.some(({frame:e})=>!this.#m.some(i=>i.frame===e))&&(this.#b=!0),this.#m=t,!this.#M&&this.#e.available&&this.#e.images.set(t),this.#g(I)}setPoints(t){this.#x=t,!this.#M&&this.#e.available&&this.#e.points.set(t),this.#g(I)}setScene(t){let e=this.#d;this.#d=t,!t||!e||e.key!==t.key?(this.#p==="free"&&e&&this.#L("fit"),this.#c=null,this.#p!=="free"&&(this.#n=this.#U())):this.#p==="fit"&&(!Jt(e.box,t.box)||e.margin!==t.margin)&&(this.#n=this.#U()),this.#g(H)}setLayered(t){let e=this.#h;this.#h=t,(t?.key??null)!==(e?.key??null)?(this.#p==="free"&&this.#L("fit"),this.#c=null,this.#n=this.#U()):this.#p==="fit"&&t&&!Jt(e.box,t.box)&&(this.#n=this.#U()),this.#g(H)}setCamera(t){this.#L("free"),this.#c=null,this.#n=t,this.#g(L)}setTiles(t){this.#E!==t&&(this.#E=t,this.#g(I))}setShade(t){this.#T!==t&&(this.#T=t,this.#g(I))}setMarks(t){this.#I=t,this.#g(I)}setPaused(t){this.#O!==t&&(this.#O=t,this.#g(I))}setStale(t){this.#F!==t&&(this.#F=t,this.#g(I))}setFollow(t){t?this.#L("follow"):this.#p==="follow"&&this.#L("free"),this.#g(L)}get following(){return this.#p==="follow"}fit(){this.#L("fit"),this.#tt(this.#U())}pan(t,e){this.#Y(Et(this.#n,t,e))}step(t,e){let i=this.#c?this.#c.to:this.#n;this.#Q(Et(i,-t*this.#a.width,-e*this.#a.height))}pinch(t,e){this.#Y(ue(this.#n,this.#a,t,e,this.#q()))}zoomAt(t,e,i){this.#Y(Tt(this.#n,this.#a,t,e,i,this.#q()))}zoomTo(t,e,i){let o=this.#c?this.#c.to:this.#n;this.#Q(Tt(o,this.#a,t,e,i,this.#q()))}zoomBy(t){this.zoomTo(this.#a.width/2,this.#a.height/2,t)}point(t,e){this.#_=t===null?null:[t,e],this.#$()}redraw(){this.#g(I)}themeChanged(){this.#S=jt(this.#s.theme),this.#g(I)}resize(t,e,i){if(this.#A=i,!this.#e.available)return;let o=a=>Math.max(Math.min(Math.round(a),this.#e.mostPixels),0),n=o(e.width),r=o(e.height);t.width===this.#a.width&&t.height===this.#a.height&&n===this.#w.width&&r===this.#w.height||(this.#a=t,this.#w={width:n,height:r},this.#v=H,!(n===0||r===0)&&(this.#t.width=n,this.#t.height=r,!this.#M&&(this.#p==="fit"&&this.#N&&(this.#c=null,this.#n=this.#U()),cancelAnimationFrame(this.#y),this.#y=0,this.#W(performance.now()))))}contextLost(){this.#M=!0,cancelAnimationFrame(this.#y),this.#y=0,this.#H()}contextRestored(){this.#M=!1,this.#e.restore(),this.#e.available&&(this.#e.images.set(this.#m),this.#e.points.set(this.#x)),this.#P=null,this.#g(H)}flush(){this.#y!==0&&(cancelAnimationFrame(this.#y),this.#W(performance.now()))}readPixels(t,e,i,o){return this.#e.available?new Promise((n,r)=>{this.#G.push({resolve:n,reject:r,x:t,y:e,width:i,height:o}),this.#g(I)}):Promise.reject(new Error("This browser has no WebGL2."))}async toPNG(){if(!this.#j())throw new Error("The picture cannot be exported while it is not shown.");this.#K();let t=document.createElement("canvas");t.width=this.#w.width,t.height=this.#w.height;let e=t.getContext("2d");return e.drawImage(this.#t,0,0),e.drawImage(this.#r.canvas,0,0),new Promise((i,o)=>{t.toBlob(n=>n?i(n):o(new Error("The browser could not make a PNG of the picture.")),"image/png")})}toData(t,e){return yt(this.#n,this.#a,t,e)}stats(){return{...this.#R,mode:this.#p,camera:{...this.#n},viewport:{...this.#a},size:{...this.#w},detail:this.#P?this.#P.detail:0,bands:this.#k.bands.length/4,cells:this.#z.count,probes:this.#z.probes,coarse:this.#z.coarse,lost:this.#M,available:this.#e.available}}toScreen(t,e){return _(this.#n,this.#a,t,e)}destroy(){cancelAnimationFrame(this.#y),this.#y=0;for(let t of this.#G.splice(0))t.reject(new Error("The viewer was removed."));this.#e.available&&!this.#M&&this.#e.destroy(),this.#i.destroy()}#g(t){this.#v|=t,this.#$()}#$(){this.#y===0&&!this.#M&&(this.#y=requestAnimationFrame(t=>this.#W(t)))}#W(t){this.#y=0;let e=this.#C===0?16:Math.min(Math.max(t-this.#C,0),100);this.#C=t,this.#it();let i=this.#st(t,e);this.#H(),this.#j()&&(this.#v!==0&&this.#K(),this.#at());let o=this.#_&&yt(this.#n,this.#a,...this.#_);this.#i.readout(this.#o,o&&this.#h?this.#h.toLayer?.(...o)??null:o),this.#s.onFrame?.({camera:this.#n,viewport:this.#a,size:this.#w,point:o,most:this.#e.mostPixels}),i?this.#$():this.#C=0}#j(){return this.#e.available&&!this.#M&&this.#w.width>0&&this.#w.height>0}#it(){if(this.#l===null||this.#O)return;let t=this.#l;this.#l=null,this.#f=t;let e=this.#o,i=pe(t);if(this.#o=i,!i){e&&(this.#v=H);return}xe(e,i)||(this.#k=Se(i.rects),this.#v|=gt),Jt(e&&e.view,i.view)||(this.#v|=L),ge(e,i)||(this.#v|=I);let o=this.#u;(!o||o.topic!==i.topic||o.base[0]!==i.base[0]||o.base[1]!==i.base[1])&&(this.#u={topic:i.topic,base:i.base}),o!==this.#u&&!this.#h&&(this.#p==="free"&&this.#L("fit"),this.#c=null,this.#n=this.#U(),this.#v|=L),this.#i.label(()=>we(this.#o))}#st(t,e){if(this.#c){let{from:r,to:l,start:a}=this.#c,h=Math.min(Math.max((t-a)/Ki,0),1);return this.#n=he(r,l,1-(1-h)**3),this.#v|=L,h===1&&(this.#c=null),h<1}let i=this.#V;if(this.#p!=="follow"||!i||this.#a.width===0)return!1;let o=ne(i,this.#a,this.#h?1:Zi,this.#A);if(o.x===this.#n.x&&o.y===this.#n.y&&o.scale===this.#n.scale)return!1;let n=this.#s.reducedMotion||fe(this.#n,o,this.#a);return this.#n=n?o:ce(this.#n,o,e,ji),this.#v|=L,!n}#K(){let t=performance.now(),{width:e,height:i}=this.#w,o=this.#v;if(this.#v=0,this.#o||this.#m.length>0){let n=this.#o!==null&&!this.#h;n&&o&(gt|L)&&this.#ot(o),this.#e.draw({width:e,height:i,first:this.#Z,wide:this.#X,lookUp:this.#X||this.#z.count>0,theme:this.#S,dim:this.#J(),grid:n,ground:this.#h?.ground??null,tiles:this.#E,shade:this.#T,camera:this.#n,viewport:this.#a})}else this.#e.clear(e,i,this.#S.canvas);this.#R.draws++;for(let{resolve:n,x:r,y:l,width:a,height:h}of this.#G.splice(0))n(this.#e.read(r,l,a,h,i));this.#N?this.#r.draw(this.#rt()):this.#r.clear(),this.#R.drawTime=performance.now()-t}#ot(t){let{tile:e,extent:i,view:o}=this.#o,{width:n,height:r}=this.#w,l=n/this.#a.width,a=r/this.#a.height,h=this.#n.scale*l,c=this.#n.scale*a,u=ye(Math.min(e[1]*h,e[0]*c)),d={centre:this.#n.x,scale:h,ratio:l,tile:e[1],extent:i[1],detail:u,anchor:0,view:o&&[o.x0,o.x1],edge:2*l,casing:1*l},m={centre:this.#n.y,scale:c,ratio:a,tile:e[0],extent:i[0],detail:u,anchor:0,view:o&&[o.y0,o.y1],edge:2*a,casing:1*a},f=kt(n,d),p=kt(r,m);if(f&&p){let g=this.#P&&this.#P.detail===u?this.#P:{row:null,column:null};m.anchor=Bt(...p,g.row),d.anchor=Bt(...f,g.column),(t&gt||m.anchor!==g.row||d.anchor!==g.column)&&(this.#z.build(this.#k.rest,u,m.anchor,d.anchor),this.#e.setStates(this.#z),this.#P={detail:u,row:m.anchor,column:d.anchor},this.#R.hashBuilds++),this.#Z=[f[0]-d.anchor,p[0]-m.anchor],this.#X&&this.#nt(f,p,u)}else this.#P=null;let x=Math.max(n,r);this.#D.length!==2*x*4&&(this.#D=new Uint32Array(2*x*4)),Lt(this.#D,0,n,d),Lt(this.#D,x*4,r,m),Ot(this.#D,0,n,d,this.#k.bands,1),Ot(this.#D,x*4,r,m,this.#k.bands,0),this.#e.setAxes(this.#D,x)}#nt(t,e,i){let o=t[1]-t[0]+1,n=e[1]-e[0]+1,r=this.#e.mostPixels+K,l=Math.min(2**Math.ceil(Math.log2(Math.max(o,n,64))),r),a=l*z;this.#B.length!==2*a&&(this.#B=new Uint32Array(2*a)),zt(this.#B,0,this.#k.bands,1,t[0],o,i),zt(this.#B,a,this.#k.bands,0,e[0],n,i),this.#e.setMasks(this.#B,l)}get#N(){return this.#h?this.#h.box:this.#o?this.#o.box:this.#d?this.#d.box:null}get#V(){return this.#h?this.#h.view:this.#o?.view??null}get#X(){return this.#k.bands.length/4>16}#rt(){return{camera:this.#n,viewport:this.#a,...this.#w,theme:this.#S,dim:this.#J(),picture:this.#h?null:this.#o,view:this.#V,marks:this.#I,tiles:this.#E,scene:this.#h?{...this.#h,axes:!1,frame:this.#p!=="follow"}:this.#o?null:this.#d}}#at(){this.#b&&(this.#b=!1,this.#R.pictures++,this.#i.pictured(this.#R.pictures),this.#s.onPictures?.());let t=this.#f;t!==null&&(this.#f=null,this.#R.frames++,this.#i.painted(this.#R.frames,this.#o!==null),this.#s.onPaint?.(t))}#J(){return this.#F&&!this.#O?.55:0}#H(){let t="live";this.#e.available?this.#M?t="lost":!this.#o&&this.#m.length===0?t="empty":this.#O?t="paused":this.#F&&(t="stale"):t="unsupported",this.#i.state(t)}#L(t){this.#p!==t&&(this.#p=t,this.#c=null,this.#s.onMode?.(t))}#Y(t){this.#N&&(this.#L("free"),this.#c=null,this.#n=this.#et(t),this.#g(L))}#Q(t){this.#N&&(this.#L("free"),this.#tt(this.#et(t)))}#tt(t){this.#N&&(this.#s.reducedMotion?(this.#c=null,this.#n=t):this.#c={from:this.#n,to:t,start:performance.now()},this.#g(L))}#et(t){return ae(t,this.#a,le(this.#N,this.#V))}#q(){return re(this.#N??{x0:0,y0:0,x1:1,y1:1},this.#a)}#U(){if(!this.#N||this.#a.width===0)return this.#n;let t=Math.min(this.#a.width,this.#a.height)<qi,e=this.#o?void 0:this.#d?.margin;return oe(this.#N,this.#a,e??(t?Yi:Hi),this.#A)}};function Jt(s,t){return!s||!t?!s&&!t:s.x0===t.x0&&s.y0===t.y0&&s.x1===t.x1&&s.y1===t.y1}var Ji=64,Qi=.125,ts=512*512,es=2.5;function D(s){return s>1?2**Math.min(Math.round(Math.log2(s)),30):1}function si({camera:s,viewport:t,ratio:e,place:i,shape:[o,n],most:r,present:l=null}){if(!(o>0&&n>0&&t.width>0&&t.height>0))return null;let a=1/(s.scale*e),h=D(a/Math.max(i.width,i.height)),c=(m,f,p,x,g)=>{let w=f/2/s.scale;return ni((m-w-p)/x,(m+w-p)/x,g)},u=c(s.x,t.width,i.x,i.width,n),d=c(s.y,t.height,i.y,i.height,o);return u&&d?ri(h,u,d,[o,n],r,l):null}function oi({camera:s,viewport:t,ratio:e,affine:i,shape:[o,n],most:r,present:l=null}){let a=B(i);if(!a||!(o>0&&n>0&&t.width>0&&t.height>0))return null;let h=D(1/(Math.max(Math.hypot(i[0],i[3]),Math.hypot(i[1],i[4]))*s.scale*e)),c=[t.width/2/s.scale,t.height/2/s.scale],u=[[-1,-1],[1,-1],[-1,1],[1,1]].map(([p,x])=>P(a,s.x+p*c[0],s.y+x*c[1])),d=(p,x)=>{let g=u.map(w=>w[p]);return ni(Math.min(...g),Math.max(...g),x)},m=d(0,n),f=d(1,o);return m&&f?ri(h,m,f,[o,n],r,l):null}function ni(s,t,e){return t<=0||s>=e?null:[Math.max(s,0),Math.min(t,e),(t-s)*Qi]}function ri(s,t,e,[i,o],n,r){for(let l=s;;l*=2){let a=Math.ceil(i/l)*Math.ceil(o/l)<=ts?{row:0,col:0,rows:i,cols:o,step:l}:{...ii("row","rows",e,i,l),...ii("col","cols",t,o,l),step:l};if(!(Math.max(a.rows,a.cols)/l>n))return is(r,a,t,e)?r:a}}function ii(s,t,[e,i,o],n,r){let l=Ji*r,a=Math.max(Math.floor((e-o)/l)*l,0),h=Math.min(Math.ceil((i+o)/l)*l,n);return{[s]:a,[t]:h-a}}function is(s,t,e,i){return!s||s.step!==t.step||s.rows*s.cols>t.rows*t.cols*es?!1:s.col<=e[0]&&s.col+s.cols>=e[1]&&s.row<=i[0]&&s.row+s.rows>=i[1]}function tt(s,t,{row:e,col:i,rows:o,cols:n,step:r},l,a=!1){return`${s}/${t.join(",")}/${e},${i},${o},${n}/${r}${l?"/n":""}${a?"/e":""}`}function ai({row:s,col:t,rows:e,cols:i,step:o},n,r){return{x:n.x+t*n.width,y:n.y+s*n.height,width:n.width*o,height:n.height*o,right:n.x+Math.min(t+i*o,r[1])*n.width,bottom:n.y+Math.min(s+e*o,r[0])*n.height}}var ss=100,ci=1024,os=32,te=class{#t;#i;#e;#r;#s;#l;#f=[];#o={canvas:null,layers:[]};#u=new Map;#d={id:"",paint:null,named:null};#h=null;#m="";#x=new Map;#b="";#E="";#T=null;#I=!1;#n=0;#p=0;#c=()=>this.#S();constructor(t,e,i,o,n,r){this.#t=e,this.#i=i,this.#e=o,this.#r=n,this.#s=r,this.#l=t,document.addEventListener("visibilitychange",this.#c),this.#f.push(this.#_(`${e}/pictures`,l=>{let a=this.there;this.#o=cs(l),a!==this.there&&this.#r(this.there),this.#A(),this.#s()}),this.#_(`${e}/colors`,l=>{this.#u=us(l,this.#u),this.#A(),this.#s()})),Z()}get there(){return this.#o.layers.length>0}show(t){this.#b!==t&&(this.#b=t,t===""&&this.#i.setImages([]),this.#A())}styleOf(t,e){let i=this.#o.layers.find(o=>o.id===t);return i?(this.#d.id!==t&&(this.#d={id:t,paint:null,named:null}),{...this.#y(i,this.#d,e),first:!0,ground:this.#o.canvas??!0}):null}take(t){this.#m=typeof t.layer=="string"?t.layer:"",this.#h=hs(t.camera),this.#w(),this.#S()}moved(t){let e=this.#T,{camera:i,viewport:o}=t;this.#T={...t,camera:{...i},viewport:{...o},size:{...t.size}},e&&i.x===e.camera.x&&i.y===e.camera.y&&i.scale===e.camera.scale&&o.width===e.viewport.width&&o.height===e.viewport.height||this.#S()}setPaused(t){this.#I=t,this.#S()}destroy(){clearTimeout(this.#n),document.removeEventListener("visibilitychange",this.#c);for(let t of this.#f)t();for(let t of this.#x.values())hi(t);this.#x.clear()}#_(t,e){let i=this.#l.appendChild(document.createElement("i"));i.hidden=!0,i.dataset.topic=t;let o=this.#e(t,e);return()=>{o(),i.remove()}}get#a(){return this.#b===""?[]:this.#o.layers.filter(e=>e.visible&&(this.#b==="layers"||e.id===this.#m)).slice(-os)}#A(){this.#w(),this.#S(),this.#v()}#w(){if(this.#b===""||!this.there){this.#E!==""&&this.#i.setLayered(null),this.#E="";return}let t=null;for(let{affine:l,base:a}of this.#b==="layers"?this.#a:this.#o.layers.filter(({id:h})=>h===this.#m)){let h=Ie(l,0,0,a[1],a[0]);t=t?{x0:Math.min(t.x0,h.x0),y0:Math.min(t.y0,h.y0),x1:Math.max(t.x1,h.x1),y1:Math.max(t.y1,h.y1)}:h}let e=this.#o.layers.find(({id:l})=>l===this.#m),i=e&&B(e.affine),o=ls(this.#h),n={key:`${this.#t} ${this.#b==="layer"?this.#m:""}`,box:t??o??{x0:0,y0:0,x1:1,y1:1},view:o,ground:this.#o.canvas},r=JSON.stringify([n,i]);r!==this.#E&&(this.#E=r,this.#i.setLayered({...n,toLayer:i?(l,a)=>P(i,l,a):null}))}#S(){this.#n===0&&(this.#n=setTimeout(()=>{this.#n=0,this.#O()},Math.max(this.#p+ss-performance.now(),0)))}#O(){this.#p=performance.now();let t=document.hidden?[]:this.#a,e=!1;for(let[i,o]of this.#x)t.some(n=>n.id===i)||(hi(o),document.hidden||this.#x.delete(i),e=!0);for(let i of t){this.#x.has(i.id)||this.#x.set(i.id,{...li,overview:{...li},paint:null,named:null});let o=this.#x.get(i.id);(o.base!==i.topic||o.index!==i.index)&&Object.assign(o,{base:i.topic,index:i.index,frame:null,region:null}),this.#F(o,this.#M(i,o))&&(e=!0),this.#F(o.overview,ns(i))&&(e=!0)}e&&Z()}#F(t,e){return e===t.topic||this.#I&&t.topic!==""?!1:(t.stop(),Object.assign(t,{topic:e,stop:()=>{}}),e===""?(t.frame=null,!0):(t.stop=this.#_(e,i=>{this.#I||!i.data||(t.frame=i,this.#S(),this.#v())}),!0))}#M(t,e){if(!this.#T)return e.topic;let i=t.index.split(","),o=e.frame?.shape?.length===i.length?e.frame.shape:t.shape,[n,r]=[o[i.indexOf("y")],o[i.indexOf("x")]];if(!(n>0&&r>0))return e.topic;let l=fi(e.frame,t.affine),{camera:a,viewport:h,size:c,most:u}=this.#T,d=m=>({row:0,col:0,rows:n,cols:r,step:D(Math.max(n,r)/m)});return l?e.region=oi({camera:a,viewport:h,ratio:c.width/h.width,affine:l,shape:[n,r],most:u,present:e.region})??d(64):e.region=d(ci),tt(t.topic,i,e.region,t.kind==="labels",t.limits!==null&&U(...t.limits))}#v(){if(this.#b==="")return;let t=[],e=!0;for(let i of this.#a){let o=this.#x.get(i.id);if(!o)continue;let n=o.frame&&wt(o.frame,i),r=o.overview.frame&&wt(o.overview.frame,i);r&&t.push({key:`overview ${i.id}`,frame:o.overview.frame,place:{...r,hole:n},look:{...this.#y(i,o,o.overview.frame),first:e}}),n&&t.push({key:`layer ${i.id}`,frame:o.frame,place:n,look:{...this.#y(i,o,o.frame),first:e}}),(n||r)&&(e=!1)}this.#i.setImages(t)}#y(t,e,i){let{opacity:o,blending:n,gamma:r}=t,l=this.#u.get(t.colors),a=!t.interpolation.startsWith("nearest");if(t.kind==="labels"){if(!l||l.kind==="scale")return{kind:"labels",low:0,high:1,gamma:1,opacity:o,blending:n,painting:rs};let f=`${t.colors} ${t.contour} ${t.selection} ${t.dtype}`;return e.paint?.of!==f&&(e.paint={of:f,painting:Vt(l,t)}),{kind:"labels",low:0,high:1,gamma:1,opacity:o,blending:n,painting:e.paint.painting}}let h=i.samples>=3,[c,u]=t.limits??[0,i.full>0&&h?i.full:Q(i.type)],d={kind:h?"color":"scalar",low:c,high:u,gamma:r,opacity:o,blending:n,smooth:a,opaque:as(t.dtype)};if(h)return d;if(l?.kind==="scale")return{...d,table:l.rgba,steps:l.steps,over:l.over,under:l.under,none:l.nan};let m=W(t.colormap)??"gray";return e.named?.name!==m&&(e.named={name:m,table:at(m)}),{...d,table:e.named.table}}},li={topic:"",frame:null,region:null,stop:()=>{}};function hi(s){for(let t of[s,s.overview])t.stop(),Object.assign(t,{topic:"",stop:()=>{}})}function ns({overview:s,index:t,kind:e,limits:i}){if(!s)return"";let o=t.split(","),[n,r]=[s.shape[o.indexOf("y")],s.shape[o.indexOf("x")]];return n>0&&r>0?tt(s.topic,o,{row:0,col:0,rows:n,cols:r,step:D(Math.max(n,r)/ci)},e==="labels",i!==null&&U(...i)):""}var rs=Vt({kind:"cyclic",background:"0",rgba:Uint8Array.from({length:256},(s,t)=>t%4===3?255:Math.round(127.5+127.5*Math.cos((t>>2)*2.399963+t%4*2.0944)))},{});function as(s){return{"|u1":255,"<u2":65535,">u2":65535}[s]??1}function fi(s,t){let{offset:e,pixel:i}=s??{};return!Y(e)||!Y(i)||!(i[0]>0&&i[1]>0)?null:Ct(t,[i[1],0,e[1],0,i[0],e[0]])}function wt(s,{affine:t,index:e}){let i=fi(s,t),{row:o,col:n,rows:r,cols:l,step:a,shape:h}=s;if(!i||r===0||l===0)return null;let c=e.split(","),u=d=>Array.isArray(h)?h[c.indexOf(d)]:1/0;return{affine:Ct(i,[a,0,n,0,a,o]),cols:Math.min(l,(u("x")-n)/a),rows:Math.min(r,(u("y")-o)/a)}}function ls(s){if(!s)return null;let{center:[t,e],zoom:i,size:[o,n]}=s;return{x0:e-n/i/2,y0:t-o/i/2,x1:e+n/i/2,y1:t+o/i/2}}function hs(s){let{center:t,zoom:e,size:i}=s??{};return Y(t)&&Y(i)&&i[0]>0&&i[1]>0&&e>0&&e<1/0?{center:t,zoom:e,size:i}:null}function cs(s){let t=[];for(let i of Array.isArray(s.layers)?s.layers:[]){let{id:o,topic:n,index:r,shape:l,kind:a,limits:h,gamma:c,opacity:u}=i??{},d=_e(i?.matrix);if(typeof o!="string"||typeof n!="string"||!/^y,x(,c)?$/.test(r)||!d||!B(d)||!Array.isArray(l)||l.length!==r.split(",").length||!l.every(f=>Number.isSafeInteger(f)&&f>=0))continue;let m=Y(i.base)&&i.base.every(f=>f>0)?i.base:l.slice(0,2);t.push({id:o,topic:n,index:r,shape:l,kind:a,affine:d,base:m,dtype:et(i.dtype),colors:et(i.colors),colormap:et(i.colormap),limits:Y(h)&&h[1]>h[0]?h:null,gamma:c>0&&c<1/0?c:1,opacity:u>=0&&u<=1?u:1,visible:i.visible!==!1,blending:et(i.blending),interpolation:et(i.interpolation)||"nearest",overview:fs(i.overview,l.length),contour:i.contour>0?Math.floor(i.contour):0,selection:/^-?[0-9]+$/.test(i.selection??"")?i.selection:null})}return{canvas:/^#[0-9a-f]{6}$/.test(s.canvas??"")?[1,3,5].map(i=>parseInt(s.canvas.slice(i,i+2),16)):null,layers:t}}function fs(s,t){let{topic:e,shape:i}=s??{};return typeof e=="string"&&Array.isArray(i)&&i.length===t&&i.every(n=>Number.isSafeInteger(n)&&n>=0)?{topic:e,shape:i}:null}function us(s,t=new Map){let e=new Map;for(let[i,o]of Object.entries(s.tables??{})){let n=t.get(i)??ds(o);n&&e.set(i,n)}return e}function ds(s){let t;try{t=Uint8Array.from(atob(s.table),r=>r.charCodeAt(0))}catch{return null}let e=t.length/4,i=/^-?[0-9]+$/.test(s.background??"")?s.background:"0";if(s.kind==="scale"&&e===256)return{kind:"scale",rgba:t,steps:s.steps===!0,over:Qt(s.over),under:Qt(s.under),nan:Qt(s.nan)};if(s.kind==="cyclic"&&e>=2&&Number.isInteger(e))return{kind:"cyclic",rgba:t,background:i};let o=s.labels??[],n=Array.isArray(o)&&o.every(r=>/^-?[0-9]+$/.test(r));return s.kind==="direct"&&n&&e===o.length+1?{kind:"direct",rgba:t,labels:o,background:i}:null}function Qt(s){return Array.isArray(s)&&s.length===4&&s.every(t=>t>=0&&t<=255)?s:null}function et(s){return typeof s=="string"?s:""}function Y(s){return Array.isArray(s)&&s.length===2&&s.every(Number.isFinite)}var ms=100,ps=1024,xs=[1,0,0,0,1,0],ee=class{#t;#i;#e;#r;#s;#l=null;#f="";#o=null;#u=null;#d=null;#h="";#m=()=>{};#x=!0;#b=!1;#E=!1;#T=0;#I=0;#n={name:"",colors:null};#p=()=>this.#_();constructor(t,e,i,o,n){this.#t=e,this.#i=i,this.#e=o,this.#r=n,this.#s=t.appendChild(document.createElement("i")),this.#s.hidden=!0,document.addEventListener("visibilitychange",this.#p)}take(t){let e=gs(t.picture),i=this.#l;this.#l=e,this.#f=typeof t.layer=="string"?t.layer:"",(e?.topic!==i?.topic||e?.index!==i?.index)&&(this.#o=null,this.#d=null),!!e!=!!i&&this.#e(e!==null),this.#c(),this.#A()}moved(t){let e=this.#u,{camera:i,viewport:o}=t;this.#u={...t,camera:{...i},viewport:{...o},size:{...t.size}},e&&i.x===e.camera.x&&i.y===e.camera.y&&i.scale===e.camera.scale&&o.width===e.viewport.width&&o.height===e.viewport.height||this.#c()}restyle(){this.#A()}setShown(t){this.#x=t,this.#c(),this.#A()}setPaused(t){this.#E=t,this.#c()}destroy(){clearTimeout(this.#T),document.removeEventListener("visibilitychange",this.#p),this.#m(),this.#s.remove()}#c(){this.#T===0&&(this.#T=setTimeout(()=>{this.#T=0,this.#_()},Math.max(this.#I+ms-performance.now(),0)))}#_(){let t=this.#a();t===this.#h||this.#E&&t!==""||(this.#I=performance.now(),this.#m(),this.#h=t,t===""?(this.#m=()=>{},this.#s.removeAttribute("data-topic")):(this.#s.dataset.topic=t,this.#m=this.#i(t,e=>{this.#E||!e.data||(this.#o=e,this.#c(),this.#A())})),Z())}#a(){let t=this.#l;if(!t||!this.#x||!t.visible||document.hidden||!this.#u)return"";let e=t.index.split(","),i=this.#o?.shape?.length===e.length?this.#o.shape:t.shape,[o,n]=[i[e.indexOf("y")],i[e.indexOf("x")]];if(!(o>0&&n>0))return"";let{camera:r,viewport:l,size:a,most:h}=this.#u,c=ui(this.#o);return c?this.#d=si({camera:r,viewport:l,ratio:a.width/l.width,place:c,shape:[o,n],most:h,present:this.#d})??{row:0,col:0,rows:o,cols:n,step:D(Math.max(o,n)/64)}:this.#d={row:0,col:0,rows:o,cols:n,step:D(Math.max(o,n)/ps)},tt(t.topic,e,this.#d,t.kind==="labels",t.limits!==null&&U(...t.limits))}#A(){let{kind:t,colormap:e,limits:i,gamma:o,opacity:n,visible:r}=this.#l??{},l=this.#o,a=ui(l);if(!a||!r||!this.#x||l.rows===0||l.cols===0){this.#b&&this.#t.setImages([]),this.#b=!1;return}this.#b=!0;let h=this.#r(this.#f,l),c=h&&wt(l,{affine:xs,index:this.#l.index});if(c){this.#t.setImages([{key:"under",frame:l,place:c,look:h}]);return}let u=W(e)??"gray";this.#n.name!==u&&(this.#n={name:u,colors:at(u)});let d=this.#l.index.split(","),m=Array.isArray(l.shape)?[l.shape[d.indexOf("y")],l.shape[d.indexOf("x")]]:[1/0,1/0],f=l.samples>=3,[p,x]=f||!i?[0,l.full>0?l.full:Q(l.type)]:i;this.#t.setImages([{key:"under",frame:l,place:ai(l,a,m),look:{kind:t==="labels"?"labels":f?"color":"scalar",low:p,high:x,gamma:f?1:o,table:this.#n.colors,opacity:n,additive:!1,ground:!0}}])}};function ui(s){let{offset:t,pixel:e}=s??{};return!ie(t)||!ie(e)||!(e[0]>0&&e[1]>0)?null:{x:t[1],y:t[0],width:e[1],height:e[0]}}function gs(s){if(typeof s?.topic!="string"||!/^([0-9]+,)*y,x(,c)?$/.test(s.index))return null;let{shape:t,limits:e,gamma:i,opacity:o}=s;return!Array.isArray(t)||t.length!==s.index.split(",").length||!t.every(n=>Number.isSafeInteger(n)&&n>=0)?null:{topic:s.topic,index:s.index,shape:t,kind:s.kind==="labels"?"labels":"image",colormap:s.colormap,limits:ie(e)&&e[1]>e[0]?e:null,gamma:i>0&&i<1/0?i:1,opacity:o>=0&&o<=1?o:1,visible:s.visible!==!1}}function ie(s){return Array.isArray(s)&&s.length===2&&s.every(Number.isFinite)}function Lo(s,t={}){let e=s.querySelector("[data-viewer-canvas]"),i=s.querySelector("[data-viewer-overlay]");if(!e||!i)throw new Error("create viewer: the root element lacks its two canvases, data-viewer-canvas and data-viewer-overlay");bs(s,e,i);let o=new AbortController,{signal:n}=o,r=new nt(s,e),l=(f,p)=>{t.onAction?.(f,p),s.dispatchEvent(new CustomEvent(`viewer:${f}`,{bubbles:!0,detail:p}))},a=!1,h=new bt({canvas:e,overlay:i},r,{theme:s,reducedMotion:t.reducedMotion??matchMedia("(prefers-reduced-motion: reduce)").matches,onPaint:t.onPaint,onFrame:t.onFrame,onPictures:t.onPictures,onMode:f=>{f==="follow"!==a&&(a=f==="follow",r.follow(a),l("follow",{follow:a}))}});r.follow(!1);let c={fit:()=>h.fit(),follow:()=>h.setFollow(!h.following),"zoom-in":()=>h.zoomBy(Mt),"zoom-out":()=>h.zoomBy(1/Mt),png:()=>h.toPNG().then(f=>l("png",{blob:f}),f=>r.say(f.message))};r.scope.addEventListener("click",f=>{let p=f.target instanceof Element&&f.target.closest("[data-viewer-action]");p&&c[p.dataset.viewerAction]?.()},{signal:n}),de(e,{pan:(f,p)=>h.pan(f,p),pinch:(f,p)=>h.pinch(f,p),zoomAt:(f,p,x)=>h.zoomAt(f,p,x),zoomTo:(f,p,x)=>h.zoomTo(f,p,x),zoomBy:f=>h.zoomBy(f),step:(f,p)=>h.step(f,p),fit:c.fit,follow:c.follow,grid:()=>l("grid",{}),point:(f,p)=>h.point(f,p),leave:()=>h.point(null,null),draws:t.draws,draw:t.draw,presses:t.presses},n),e.addEventListener("webglcontextlost",f=>{f.preventDefault(),h.contextLost()},{signal:n}),e.addEventListener("webglcontextrestored",()=>h.contextRestored(),{signal:n}),s.addEventListener("redraw",()=>h.redraw(),{signal:n});let u=()=>h.themeChanged();s.ownerDocument.addEventListener("themechange",u,{signal:n}),matchMedia("(prefers-color-scheme: dark)").addEventListener("change",u,{signal:n});let d=vs(e,(f,p)=>h.resize(f,p,ws(s))),m={update:f=>h.update(f),setImages:f=>h.setImages(f),setPoints:f=>h.setPoints(f),setScene:f=>h.setScene(f),flush:()=>h.flush(),setLayered:f=>h.setLayered(f),setCamera:f=>h.setCamera(f),setTiles:f=>h.setTiles(f),setShade:f=>h.setShade(f),setMarks:f=>h.setMarks(f),zoomBy:f=>h.zoomBy(f),toData:(f,p)=>h.toData(f,p),setPaused:f=>h.setPaused(f),setStale:f=>h.setStale(f),setFollow:f=>h.setFollow(f),fit:()=>h.fit(),readPixels:(f,p,x,g)=>h.readPixels(f,p,x,g),toPNG:()=>h.toPNG(),toScreen:(f,p)=>h.toScreen(f,p),stats:()=>h.stats(),destroy(){o.abort(),d.disconnect(),h.destroy(),delete s.viewer}};return s.viewer=m,m}function bs(s,t,e){getComputedStyle(s).position==="static"&&(s.style.position="relative");for(let i of[t,e])Object.assign(i.style,{position:"absolute",inset:"0",width:"100%",height:"100%",display:"block"});t.style.touchAction="none",e.style.pointerEvents="none"}function ws(s){let t=getComputedStyle(s),e=i=>parseFloat(t[`padding${i}`])||0;return{top:e("Top"),right:e("Right"),bottom:e("Bottom"),left:e("Left")}}function vs(s,t){let e=new ResizeObserver(i=>{let o=i[i.length-1],n={width:o.contentRect.width,height:o.contentRect.height},r=o.devicePixelContentBoxSize?.[0];t(n,r?{width:r.inlineSize,height:r.blockSize}:{width:n.width*devicePixelRatio,height:n.height*devicePixelRatio})});try{e.observe(s,{box:"device-pixel-content-box"})}catch{e.observe(s)}return e}export{Ti as a,Rs as b,W as c,at as d,Q as e,si as f,tt as g,ai as h,te as i,ee as j,Lo as k};
