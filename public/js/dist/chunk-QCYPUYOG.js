import{Aa as fe,Ba as ue,Ca as me,Da as de,Ea as pe,Fa as ge,Ga as xe,Ha as _t,a as ae,c as Z,d as U,ia as j,ta as _,ua as Mt,va as At,wa as St,xa as le,ya as he,za as ce}from"./chunk-SLP6SUCR.js";function we(s){let t=Number.isInteger(s.level)&&s.level>=0&&s.level<64?s.level:0,e=s.tile_size;if(!(Number.isFinite(e)&&e>=1))return null;let i=nt(s.tile_shape)??[e,e],o=nt(s.image_shape),n=nt(s.grid);if(!o&&!n||(o??=n.map((d,f)=>d*i[f]),n??=o.map((d,f)=>Math.ceil(d/i[f])),n=n.map(Math.floor),n.some(d=>d>2147483648)))return null;let r=nt(s.base_shape)??o.map(d=>d*2**t),a=[be(r[0],o[0],t),be(r[1],o[1],t)].map((d,f)=>d*i[f]),h=n.map((d,f)=>Math.min(d,o[f]/i[f])),{rects:c,refused:u}=It(s.tiles,n),m=Number.isInteger(s.ideal_level)&&s.ideal_level>=0?s.ideal_level:null;return{topic:String(s.topic),time:Number.isFinite(s.time)?s.time:null,level:t,ideal:m,excess:s.excess>0&&s.excess<1/0?s.excess:4**((m??t)-t),base:r,image:o,grid:n,tileSize:e,tile:a,extent:h,box:{x0:0,y0:0,x1:r[1],y1:r[0]},view:bi(s.corners),rects:c,refused:u,loading:It(s.loading,n).rects,reloaded:It(s.reloaded,n).rects,count:Number.isFinite(s.count)?s.count:Nt(c)}}function be(s,t,e){let i=r=>Math.floor(s/r)<=t&&t<=Math.ceil(s/r),o=2**e;if(i(o))return o;let n=Math.round(s/t);return n>=1&&i(n)?n:s/t}function ve(s,t){if(s===t)return!0;if(!s||!t||!Rt(s.rects,t.rects))return!1;for(let e=0;e<2;e++)if(s.grid[e]!==t.grid[e]||s.tile[e]!==t.tile[e]||s.extent[e]!==t.extent[e])return!1;return!0}function ye(s,t){return!s||!t?s===t:s.level===t.level&&s.ideal===t.ideal&&Rt(s.loading,t.loading)&&Rt(s.reloaded,t.reloaded)}function Rt(s,t){return s.length===t.length&&s.every((e,i)=>e===t[i])}function Ee(s,t,e){return rt(s.rects,t,e)}function rt(s,t,e){for(let i=0;i<s.length;i+=4)if(t>=s[i]&&t<s[i]+s[i+2]&&e>=s[i+1]&&e<s[i+1]+s[i+3])return!0;return!1}function nt(s){return!Array.isArray(s)||s.length!==2?null:s.every(t=>Number.isFinite(t)&&t>0&&t<=Number.MAX_SAFE_INTEGER)?s:null}function bi(s){if(!Array.isArray(s)||s.length!==2)return null;let[t,e]=s;return[t,e].every(i=>Array.isArray(i)&&i.length===2&&i.every(Number.isFinite))?{x0:Math.min(t[1],e[1]),y0:Math.min(t[0],e[0]),x1:Math.max(t[1],e[1]),y1:Math.max(t[0],e[0])}:null}function It(s,t){if(!Array.isArray(s))return{rects:new Float64Array(0),refused:0};let e=new Float64Array(s.length-s.length%4),i=0;for(let o=0;o+3<s.length;o+=4){let n=s[o],r=s[o+1],l=n+s[o+2],a=r+s[o+3];if(!(Number.isSafeInteger(n)&&Number.isSafeInteger(r)&&Number.isSafeInteger(l)&&Number.isSafeInteger(a)))continue;let h=Math.max(n,0),c=Math.max(r,0),u=Math.min(l,t[0])-h,m=Math.min(a,t[1])-c;u<1||m<1||(e[i++]=h,e[i++]=c,e[i++]=u,e[i++]=m)}return{rects:e.subarray(0,i),refused:Math.ceil(s.length/4)-i/4}}function Nt(s){let t=0;for(let e=0;e<s.length;e+=4)t+=s[e+2]*s[e+3];return t}var wi=2e3,vi={empty:"No tiles yet.",paused:"Paused",stale:"Not up to date",lost:"The graphics were interrupted; the picture comes back by itself.",unsupported:"This browser has no WebGL2, so there is no picture here. The table shows the same in numbers."},lt=class{#t;#i;#e;#n=0;#s="";constructor(t,e){this.#t=t,this.#i=e,this.#e=t.closest("[data-viewer-scope]")??t.ownerDocument}get scope(){return this.#e}state(t){if(this.#t.dataset.state===t)return;this.#t.dataset.state=t;let e=this.#t.querySelector("[data-viewer-note]");if(!e)return;let i=this.#t.getAttribute(`data-note-${t}`)??vi[t]??"";e.textContent=i,e.hidden=i===""}say(t){let e=this.#t.querySelector("[data-viewer-note]");e&&(e.textContent=t,e.hidden=!1)}painted(t,e){this.#t.dataset.frames=String(t),e&&(this.#t.dataset.ready="true")}pictured(t){this.#t.dataset.pictures=String(t)}follow(t){for(let e of this.#e.querySelectorAll("[data-viewer-action=follow]"))e.setAttribute("aria-pressed",String(t))}readout(t,e){let i=this.#e.querySelector("[data-viewer-readout]");if(!i)return;let o=t&&e?yi(t,e[0],e[1]):"";i.textContent!==o&&(i.textContent=o)}label(t){if(this.#n!==0)return;let e=()=>{let i=t();i!==this.#s&&this.#i.setAttribute("aria-label",i),this.#s=i};this.#s===""&&e(),this.#n=setTimeout(()=>{this.#n=0,e()},wi)}destroy(){clearTimeout(this.#n)}};function yi(s,t,e){let i=u=>String(Math.floor(u)),o=(u,m)=>i(u).padStart(i(m).length,"\u2007"),n=`y ${o(e,s.base[0])}  x ${o(t,s.base[1])}`,r=Math.floor(e/s.tile[0]),l=Math.floor(t/s.tile[1]);if(e<0||t<0||e/s.tile[0]>=s.extent[0]||t/s.tile[1]>=s.extent[1])return`${n}  outside the image`;let h=`row ${o(r,s.grid[0])}  column ${o(l,s.grid[1])}`,c=[Ee(s,r,l)?"drawn":"not drawn"];return rt(s.loading,r,l)&&c.push("loading"),rt(s.reloaded,r,l)&&c.push("loaded again without need"),`${n}  ${h}  ${c.join(", ")}`}function Te(s){if(!s)return"Tile viewer, no tiles yet";let[t,e]=s.grid,i=t*e,o=s.view?`; the view shows rows ${at(s.view.y0)} to ${at(s.view.y1)}, columns ${at(s.view.x0)} to ${at(s.view.x1)} of the data`:"",n=Lt(s),r=[[s.loading,"loading"],[s.reloaded,"loaded again without need"]].filter(([l])=>l.length>0).map(([l,a])=>`, ${Nt(l)} ${a}`).join("");return`Tile viewer, level ${s.level}${n&&`, ${n}`}: ${s.count} of ${i} tiles drawn${r}, ${t} rows by ${e} columns${o}`}function Lt({level:s,ideal:t,excess:e}){if(t===null||t===s)return"";let i=Math.max(Math.round(e>=1?e:1/e),2);return`the screen would need ${t}: ${i}x ${e>=1?"more":"fewer"} pixels than needed`}function at(s){return Math.round(s)}function Ae(s){return Math.max(0,Math.ceil(-Math.log2(s)))}function Ei(s,t){return Math.min(.05,4*t/s)}function Ti(s){let t=Math.min(Math.max((s-2)/2,0),1);return t*t*(3-2*t)}function Ot(s,t,e,i){let o=Math.floor(s),n=Math.ceil(t)-1,r=1,l=e/2;return o>=n&&t-n<1&&(r=t-n,l=Math.min(l,r*.25)),(o*(1-e)+Math.min(Math.max(s-o-l,0),r-2*l))*i+s*(1-e)*(1-i)}function Pt(s,t,e,i){let{centre:o,scale:n,tile:r,extent:l,detail:a,anchor:h}=i,c=r*n,u=Ei(c,i.ratio),m=Ti(c),d=2**a,f=Math.floor(o/r),p=1/c,g=(o-f*r)/r-e/2*p,x=-f,v=l-f;for(let E=0;E<e;E++,t+=4){let y=Math.max(g+E*p,x),b=Math.min(g+(E+1)*p,v);if(b>y){let M=Math.floor((f+Math.floor(y))/d),T=(M+1)*d-f,w=Ot(y,v,u,m),$=Ot(Math.min(b,T),v,u,m),q=b>T?Ot(b,v,u,m)-$:0;s[t]=M-h,s[t+1]=Ai(($-w)*c,q*c),s[t+2]=1073741824}else s[t]=0,s[t+1]=0,s[t+2]=0;s[t+3]=0}i.view&&Mi(s,t-e*4,e,i)}function Mi(s,t,e,i){let{centre:o,scale:n,view:r,edge:l,casing:a}=i,h=(r[0]-o)*n+e/2,c=(r[1]-o)*n+e/2,u=l/2,m=Math.max(Math.floor(h-u-a),0),d=Math.min(Math.ceil(c+u+a),e);for(let f=m;f<d;f++){let p=t+f*4;s[p+2]|=kt(f,h-u-a,c+u+a)|kt(f,h-u,c+u)<<10|kt(f,h+u,c-u)<<20}}function Ft(s,t,e,{detail:i,anchor:o},n,r){let l=2**i,a=Math.min(n.length/4,16),h=NaN,c=0;for(let u=0;u<e;u++,t+=4)if(s[t+1]!==0){if(s[t]!==h){h=s[t],c=0;let m=(h+o)*l;for(let d=0;d<a;d++){let f=n[d*4+r],p=f+n[d*4+2+r];f<m+l&&p>m&&(c|=1<<d),f<m+2*l&&p>m+l&&(c|=1<<d+16)}c>>>=0}s[t+3]=c}}function kt(s,t,e){return Math.round(Math.max(Math.min(s+1,e)-Math.max(s,t),0)*1023)}function Ai(s,t){return(Me(s)|Me(t)<<16)>>>0}function Me(s){return Math.round(Math.min(Math.max(s,0),1)*65535)}function Dt(s,{centre:t,scale:e,tile:i,extent:o,detail:n}){let r=2**n,l=s/2/e,a=Math.max((t-l)/i,0),h=Math.min((t+l)/i,o);if(!(h>a))return null;let c=Math.ceil(Math.ceil(o)/r)-1;return[Math.max(Math.floor(a/r)-1,0),Math.min(Math.floor(h/r)+1,c)]}var K=14,G=1<<K,Se=4096,J=16,zt=G/2-J,N=4,Bt=1,Ct=2654435761,Q=9,_e=12,Re=20,ks=1<<Re-1,Ut=128,z=Ut/32,Si=16;function Ne(s){let t=[],e=s.length/4<=16;for(let a=0;a<s.length;a+=4)(e||s[a+2]*s[a+3]>=Si)&&t.push(a);t.length>Ut&&(t.sort((a,h)=>s[h+2]*s[h+3]-s[a+2]*s[a+3]),t.length=Ut);let i=new Set(t),o=new Float64Array(t.length*4),n=new Float64Array(s.length-o.length),r=0,l=0;for(let a=0;a<s.length;a+=4)if(i.size>0&&i.has(a))for(let h=0;h<4;h++)o[r++]=s[a+h];else for(let h=0;h<4;h++)n[l++]=s[a+h];return{bands:o,rest:n}}function $t(s,t,e,i,o,n,r){s.fill(0,t,t+n*z);let l=2**r;for(let a=0;a<e.length/4;a++){let h=e[a*4+i],c=h+e[a*4+2+i],u=Math.max(Math.floor(h/l)-o,0),m=Math.min(Math.ceil(c/l)-o,n),d=1<<(a&31);for(let f=u,p=t+u*z+(a>>5);f<m;f++,p+=z)s[p]|=d}}function Gt(s,t,e){if(e!==null&&s>=e&&t<e+G)return e;let i=Math.floor((s+t)/2);return Math.max(0,Math.floor((i-G/2)/Se)*Se)}function Ie(s,t){return Math.imul(s,Ct)>>>t}var ht=class{constructor(){this.#t(_e),this.coarse=0}entries;shift;count;probes;bounds;build(t,e,i,o){for(this.coarse=0;;this.coarse++)if(this.#t(_e),this.#i(t,e,i,o))return this}lookup(t,e){let i=t>>this.coarse<<K|e>>this.coarse,o=this.entries.length-1;for(let n=Ie(i,this.shift),r=0;r<this.probes;n=n+1&o,r++){let l=this.entries[n];if(l===0)return 0;if(l>>>N===i)return l&(1<<N)-1}return 0}#t(t){let e=1<<t;this.entries&&this.entries.length===e?this.entries.fill(0):this.entries=new Uint32Array(e),this.shift=32-t,this.count=0,this.probes=1,this.bounds=[G,G,-1,-1]}#i(t,e,i,o){let n=2**e;for(let r=0;r<t.length;r+=4){let l=d=>Math.min(Math.max(d,0),G),a=l(Math.floor(t[r]/n)-i)>>this.coarse,h=l(Math.floor(t[r+1]/n)-o)>>this.coarse,c=l(Math.ceil((t[r]+t[r+2])/n)-i)-1>>this.coarse,u=l(Math.ceil((t[r+1]+t[r+3])/n)-o)-1>>this.coarse;if(c<a||u<h)continue;for(let d=a;d<=c;d++)for(let f=h;f<=u;f++)if(this.#e(d<<K|f,Bt),this.count*2>this.entries.length&&!this.#n())return!1;let m=this.bounds;this.bounds=[Math.min(m[0],a),Math.min(m[1],h),Math.max(m[2],c),Math.max(m[3],u)]}return!0}#e(t,e){let i=this.entries,o=i.length-1,n=Ie(t,this.shift);for(let r=1;;n=n+1&o,r++){let l=i[n];if(!(l!==0&&l>>>N!==t)){l===0&&(this.count++,r>this.probes&&(this.probes=r)),e>(l&(1<<N)-1)&&(i[n]=(t<<N|e)>>>0);return}}}#n(){let t=33-this.shift;if(t>Re)return!1;let e=this.entries,i=this.bounds;this.#t(t),this.bounds=i;for(let o of e)o!==0&&this.#e(o>>>N,o&(1<<N)-1);return!0}};function P([s,t,e,i,o,n],r,l){return[s*r+t*l+e,i*r+o*l+n]}function Wt(s,t){let[e,i,o,n,r,l]=s,[a,h,c,u,m,d]=t;return[e*a+i*u,e*h+i*m,e*c+i*d+o,n*a+r*u,n*h+r*m,n*c+r*d+l]}function B([s,t,e,i,o,n]){let r=s*o-t*i;if(!Number.isFinite(1/r))return null;let[l,a,h,c]=[o/r,-t/r,-i/r,s/r],u=[l,a,-(l*e+a*n),h,c,-(h*e+c*n)];return u.every(Number.isFinite)?u:null}function Le(s){let t=a=>Array.isArray(a)&&a.length===3&&a.every(Number.isFinite);if(!Array.isArray(s)||s.length!==2||!s.every(t))return null;let[[e,i,o],[n,r,l]]=s;return[r,n,l,i,e,o]}function Oe(s,t,e,i,o){let n=[P(s,t,e),P(s,i,e),P(s,t,o),P(s,i,o)],[r,l]=[n.map(([a])=>a),n.map(([,a])=>a)];return{x0:Math.min(...r),y0:Math.min(...l),x1:Math.max(...r),y1:Math.max(...l)}}var ke={gray:"000000ffffff",green:"00000000ff00",magenta:"000000ff00ff",red:"000000ff0000",blue:"0000000000ff",cyan:"00000000ffff",yellow:"000000ffff00",gray_r:"ffffff000000",bop_blue:"00000020adf8",bop_orange:"000000f8ad20",bop_purple:"000000942094",i_blue:"ffffff0033cc",i_bordeaux:"ffffffcc0033",i_forest:"ffffff009900",i_orange:"ffffffff7500",i_purple:"ffffff7500ff",ice:"0000ffffffff",hilo:"000000ffffff",fire:"ffffffffffbfffff80ffff40ffff00ffbf00ff8000ff4000ff0000",viridis:"440154470d6048186a482374472d7b4536814240863f49893b528b375a8d33638d2f6a8e2c728e297a8e26818e23898e21908c1f988b1f9f8821a68528ae8031b57b3ebc744cc26c5dc9636ece5882d34c96d83fabdc32c0df24d5e21aeae51afde725",magma:"0000040303110a0822130d331d114628115a36106a430f7650127c5d177f691c817621818226818f2a819c2e7fa9327db63779c33b75cf4170db486ae65163ee5c5ef5695cf9785dfb8761fd9668fea571feb47bfec387fed194fde0a2fceeb0fcfdbf",inferno:"0000040403120b0724150b37210c4a2e0a5a3c09654a0c6b57106d63146e70196e7d1e6d89226a962766a32b61af315cbb3755c63e4dd14644db4f3be35932eb6528f1711ef67f14f98d0afb9c06fcab0ffbba1ff9ca32f5d949f2e865f3f586fcffa4",plasma:"0d08872206903105963f049c4c02a15901a56600a77201a87e03a88909a69511a29f1a9ca92396b22c8ebb3587c33e80cb4778d25071d9596ae06263e66c5ceb7555f07f4ff48a48f89441fb9f3afdab33feb72dfdc328fcd025f9dd25f5eb27f0f921",turbo:"30123b392a734040a14456c7466be3467ff64293ff37a7fa29bbec1dcdd818dcc31ee8b031f2994cf97e6bfd648aff4da3fd3cb8f735cced34dee037edd03af8c03afdae35fe982cfb8022f56817ec520fe04009d23105c02302ac1701950d017a0403",twilight:"e2d9e2d6d7ddc2ced4aac2cc94b4c781a6c37296c16886be6275ba5f63b55e50ac5d3da0592a8f511b7745135c3811453014373a113a4b134260184a751e4f882850993550a74550b25752bc6958c37d63c89073cca489d2b6a3d9c7bfdfd4d6e2d9e2",gist_earth:"0000000502740b15751027771538781b497a20587b25667d2a737e30808034847637896c3b8e633f925943974f4b9b465da04b6ea4507ea8538bab5698af58a5b25bb3b65db9b260bdab62c0a565c8a677d0ad8ad9b59ee2c2b3ebd1cbf4e4e3fdfbfb",PiYG:"8e01529f095fb0116dc2197acb3289d34f99db6ba8e283b6e796c4edaad2f2bbddf6c8e3fad5eafde1f0fbe9f2f9f0f5f7f7f7f2f6ebecf6dfe7f5d2dbf0becceaa6bee48fadda799ccf648ac34e79b73d69aa335a9d294b8f213f811e33721b276419",hsv:"ff0000ff2f00ff5e00ff8d00ffbc00ffeb00e4ff00b5ff0085ff0056ff0027ff0003ff0a00ff3700ff6600ff9500ffc400fff300dcff00adff007eff004fff0020ff0f00ff3f00ff6e00ff9d00ffcc00fff800fdff00d4ff00a5ff0076ff0047ff0018"},_i=[["gray","gray"],["green","green"],["magenta","magenta"],["red","red"],["blue","blue"],["cyan","cyan"],["yellow","yellow"],["viridis","viridis"],["magma","magma"],["inferno","inferno"],["plasma","plasma"],["turbo","turbo"],["twilight","twilight"],["PiYG","PiYG"],["gist_earth","gist earth"],["hsv","hsv"],["hilo","high and low marked"],["bop_blue","bop blue"],["bop_orange","bop orange"],["bop_purple","bop purple"],["i_blue","I Blue"],["i_bordeaux","I Bordeaux"],["i_forest","I Forest"],["i_orange","I Orange"],["i_purple","I Purple"],["ice","ice"],["fire","fire"],["gray_r","gray, reversed"]],Ds=["magenta","green","cyan","yellow","red","blue"],Ii=new Map(_i.map(([s])=>[s.toLowerCase(),s])),Ri=new Map([["grey","gray"],["grays","gray"],["greys","gray"],["gray_r","gray_r"],["twilight_shifted","twilight"],["piyg","PiYG"],["colormap_hilo","hilo"]]);function W(s){if(typeof s!="string")return null;let t=s.trim().toLowerCase().replace(/[\s-]+/g,"_");return Ii.get(t)??Ri.get(t)??null}function ct(s,t=!1){let e=new Uint8Array(1024),i=/^#[0-9a-f]{6}$/i.test(s)?`000000${s.slice(1)}`:ke[W(s)??"gray"]??ke.gray,o=[];for(let r=0;r<i.length;r+=2)o.push(parseInt(i.slice(r,r+2),16));let n=o.length/3-1;for(let r=0;r<256;r++){let l=(t?255-r:r)/255*n,a=Math.min(Math.floor(l),n-1);for(let h=0;h<3;h++){let c=o[a*3+h];e[r*4+h]=Math.round(c+(o[a*3+3+h]-c)*(l-a))}e[r*4+3]=255}return W(s)==="hilo"&&(e.set([0,0,255],t?1020:0),e.set([255,0,0],t?0:1020)),e}var Vt=2654435761,Xt=2246822519;function Pe(s){let t,e;if(typeof s=="bigint")t=Number(s&0xffffffffn),e=Number(s>>32n&0xffffffffn);else{let o=Math.trunc(s);if(!(o>=-(2**63)&&o<2**63))return 0;t=o>>>0,e=Math.floor(o/2**32)>>>0}if(t===0&&e===0)return 0;let i=t+Math.imul(e,Xt)>>>0;return 1+(Math.imul(i,Vt)>>>16)%255}function Fe(){let s=new Uint8Array(1024);for(let t=1;t<256;t++){let e=t*137.50776405%360,i=[.55,.7,.42][t%3],o=.75,n=r=>{let l=(r+e/30)%12;return Math.round(255*(i-o*Math.min(i,1-i)*Math.max(-1,Math.min(l-3,9-l,1))))};s.set([n(0),n(8),n(4),255],t*4)}return s}var Ni=`
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
uniform sampler2D weights; // of the same part of the frame
uniform float among;    // its texels along one of the picture's
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
  float weight = 1.0;
  if (weighing > 0.0) {
    ivec2 there = ivec2((vec2(clamp(at, ivec2(0), size - 1)) + 0.5) * among);
    weight = clamp(texelFetch(weights, min(there, textureSize(weights, 0) - 1), 0).x * weighing, 0.0, 1.0);
  }
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
  int entry = label == 0u ? 0 : 1 + int(((label + upper * ${Xt}u) * ${Vt}u >> 16) % ${255}u);
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
`;function De(s,t,e=!1){return`#version 300 es
${[s!=="float"&&"INTEGER",s==="wide"&&"WIDE",s==="entries"&&"ENTRIES",t==="color"&&"COLOR",t==="labels"&&"LABELS",(t==="phase"||t==="contours")&&"ANGLES",t==="contours"&&"CONTOURS",e&&"PLACED"].filter(Boolean).map(o=>`#define ${o}
`).join("")}${Ni}`}function Yt(s,{contour:t=0,selection:e=null,dtype:i=""}){let o=Math.min(s.rgba.length>>2,65535),n=new Uint8Array((o+1)*4);n.set(s.rgba.subarray(0,o*4));let r=o,l=Number(i.slice(2))>2,a=i[1]!=="u",h=Number(i.slice(2))*8,c=Ht(s.background??"0"),u=e==null?null:Ht(e);if(s.kind==="direct"){let g=new Map(s.labels.slice(0,o-1).map((v,E)=>[Ht(v),E+1]));return{table:n,clear:r,contour:t,background:c,entryOf:v=>u!==null&&v!==u?r:g.get(v)??0}}let m=o-1,d=g=>{if(g===c)return 0;let x=typeof g=="bigint"?Number((g-1n)%BigInt(m)):(g-1)%m;return x<0&&(x=!a&&g===0?Number((2n**BigInt(h)-1n)%BigInt(m)):x+m),x+1},f=u===null?null:d(u);return{table:n,clear:r,contour:t,background:c,entryOf:g=>{let x=d(g);return x===0||u!==null&&(l?x!==f:g!==u)?r:x}}}function Ue({rows:s,cols:t,step:e,type:i,data:o},{contour:n,background:r,entryOf:l}){let a=i==="u8"||i==="i8"?Array.from(o,ze):o,h=new Uint16Array(a.length),c=n>0?Li(a,s,t,Math.min(Math.max(Math.round(n/e),1),64)):null,u=new Map,m,d=0;for(let f=0;f<h.length;f++){let p=c&&!c[f]?r:a[f];(p!==m||f===0)&&(m=p,d=u.get(p),d===void 0&&u.set(p,d=l(typeof p=="number"?Math.trunc(p):p))),h[f]=d}return h}function Li(s,t,e,i){let o=(h,c)=>h*e+c,n=(h,c)=>{let u=h.slice();for(let m=0;m<t;m++)for(let d=0;d<e;d++){let f=o(m,d),p=h[f];m>0&&c(h[f-e],p)&&(p=h[f-e]),m<t-1&&c(h[f+e],p)&&(p=h[f+e]),d>0&&c(h[f-1],p)&&(p=h[f-1]),d<e-1&&c(h[f+1],p)&&(p=h[f+1]),u[f]=p}return u},r=n(s,(h,c)=>h>c),l=s;for(let h=0;h<i;h++)l=n(l,(c,u)=>c<u);let a=new Uint8Array(t*e);for(let h=0;h<a.length;h++)a[h]=r[h]===l[h]?0:1;return a}function Ht(s){return ze(BigInt(s))}function ze(s){let t=Number(s);return Number.isSafeInteger(t)?t:s}var tt=255;function et({lossy:s,samples:t,full:e}){return s?t>=3?[0,e>0?e:tt]:[s.low,s.high]:null}function qt(s,[t,e]){let i=n=>typeof t=="bigint"?Z(n,t):Number(n)-t,o=i(e);return s.map(n=>o>0?i(n)/o*tt:0)}function Oi(s,[t,e]){return Number(t)+s/tt*(Number(e)-Number(t))}function Gs([s,t]){return(Number(t)-Number(s))/tt}function Ws(s){let t=et(s);if(!t)return s;let e=Float32Array.from({length:tt+1},(o,n)=>Oi(n,t)),i=new Float32Array(s.data.length);for(let o=0;o<i.length;o++)i[o]=e[s.data[o]];return{...s,type:"f4",data:i,lossy:void 0,about:s.lossy}}var Zt=3,jt=4,Be=5,ki=2,ft=1e6,Ce=["","RED","RG","RGB","RGBA"],Pi=["","R","RG","RGB","RGBA"],V={u1:{suffix:"8UI",store:"integer",type:"UNSIGNED_BYTE"},u2:{suffix:"16UI",store:"integer",type:"UNSIGNED_SHORT"},u4:{suffix:"32UI",store:"wide",type:"UNSIGNED_INT"},i4:{suffix:"32UI",store:"wide",type:"UNSIGNED_INT",negative:!0},f4:{suffix:"32F",store:"float",type:"FLOAT"},entries:{suffix:"8UI",store:"entries",type:"UNSIGNED_BYTE"},painted:{suffix:"16UI",store:"entries",type:"UNSIGNED_SHORT"}},Kt={translucent:{from:"SRC_ALPHA",to:"ONE_MINUS_SRC_ALPHA"},translucent_no_depth:{from:"SRC_ALPHA",to:"ONE_MINUS_SRC_ALPHA"},additive:{from:"SRC_ALPHA",to:"DST_ALPHA"},multiplicative:{from:"DST_COLOR",to:"ZERO"},minimum:{equation:"MIN",from:"ONE",to:"ONE"},opaque:{from:"ONE",to:"ZERO"}},Fi={additive:{from:"SRC_ALPHA",to:"ZERO"},minimum:{from:"ONE",to:"ZERO"}},Jt=256,Di={u4:[0,2**32-1],i4:[-(2**31),2**31-1]};function Ui(s){return{u1:255,u2:65535}[s]??1}function it(s){return et(s)??[0,s.samples>=3&&s.full>0?s.full:Ui(s.type)]}function $e(s,t=it(s)[1]){let e=et(s);return e?qt([t],e)[0]:t}function Ge(s,{kind:t,low:e,high:i,painting:o}){let{type:n,data:r}=s;if(t==="labels"&&o)return{type:"painted",relative:!1,make:()=>Ue(s,o)};if(t==="labels")return V[n]&&n!=="f4"?{type:n,relative:!1,make:()=>n==="i4"?We(r):r}:{type:"entries",relative:!1,make:()=>Uint8Array.from(r,Pe)};if(V[n]&&n!=="f4")return{type:n,relative:!1,make:()=>n==="i4"?We(r):r};let l=t==="scalar"&&(n==="i8"||n==="u8"||U(e,i));return l?{type:"f4",relative:l,make:()=>zi(s,e,i)}:{type:"f4",relative:l,make:()=>n==="f4"?r:Float32Array.from(r,Number)}}function We({buffer:s,byteOffset:t,length:e}){return new Uint32Array(s,t,e)}function zi(s,t,e){let{base:i,data:o}=ae(s),n=Z(t,i),r=Z(e,i),l=new Float32Array(o.length),a=r-n<1/0?1:.25,h=r*a-n*a||Number.MIN_VALUE;for(let c=0;c<l.length;c++)l[c]=(o[c]*a-n*a)/h;return l}var Bi=null,ut=class{#t;#i;#e=new Map;#n=new Map;#s=[];constructor(t,e){this.#t=t,this.#i=e}get any(){return this.#s.length>0}restore(){this.#e.clear();for(let t of this.#n.values())Object.assign(t,{texture:null,frame:null,colors:null,table:null})}set(t){this.#s=[];let e=new Set;for(let i of t){e.add(i.key),this.#n.has(i.key)||this.#n.set(i.key,{texture:null,frame:null,colors:null,table:null});let o=this.#n.get(i.key);o.picture=i,this.#s.push(o)}for(let[i,o]of this.#n)e.has(i)||(this.#w(o),this.#n.delete(i))}draw(t){let e=this.#t;e.enable(e.BLEND),e.enable(e.SCISSOR_TEST);let i=null;for(let o of this.#s){let{frame:n}=o.picture;if(n.rows===0||n.cols===0||!(o.picture.look.opacity>0))continue;let r=o.picture.place.affine?this.#f(o,t):this.#h(o,t);r&&(i=i?[Math.min(r[0],i[0]),Math.min(r[1],i[1]),Math.max(r[2],i[2]),Math.max(r[3],i[3])]:r)}return e.disable(e.SCISSOR_TEST),e.disable(e.BLEND),i}destroy(){for(let t of this.#n.values())this.#w(t);this.#n.clear(),this.#s=[];for(let t of this.#e.values())this.#t.deleteProgram(t.name);this.#e.clear()}#h(t,{width:e,height:i,viewport:o,camera:n,canvas:r,dim:l}){let a=this.#t,{frame:h,place:c,look:u}=t.picture,m=e/o.width,d=i/o.height,f=He(c.x,c.width,c.right,n.x,n.scale*m,e),p=He(c.y,c.height,c.bottom,n.y,n.scale*d,i),g=Math.max(Math.floor(f.low),0),x=Math.min(Math.ceil(f.high),e),v=Math.max(Math.floor(p.low),0),E=Math.min(Math.ceil(p.high),i);if(g>=x||v>=E)return null;let y=u.kind==="color"&&h.samples<3?"scalar":u.kind,b=y==="phase"||y==="contours",M=Ge(h,{...u,kind:y});if(b&&M.type!=="f4")return null;let T=this.#g(V[M.type].store,y);a.useProgram(T.name),this.#d(t,y,M);let w=Tt=>T.uniform(Tt);a.viewport(0,0,e,i),a.scissor(g,i-E,x-g,E-v),this.#a(u.ground,r),a.uniform1i(w("picture"),Zt),a.uniform1i(w("colors"),jt),a.uniform1i(w("height"),i),a.uniform2f(w("centre"),e/2,i/2),a.uniform4f(w("edge"),f.low,p.low,f.high,p.high),a.uniform2i(w("size"),h.cols,h.rows),a.uniform2i(w("home"),f.home,p.home),a.uniform2f(w("rest"),f.rest,p.rest),a.uniform2f(w("texels"),f.texels,p.texels);let $=Math.min(Math.abs(1/f.texels),Math.abs(1/p.texels))>=ki&&h.step===1;if(a.uniform1i(w("smoothly"),y!=="labels"&&!u.nearest&&(u.smooth||!$)?1:0),b){a.uniform1i(w("weights"),Be);let{weighing:Tt,among:xi}=this.#l(t);a.uniform1f(w("weighing"),Tt),a.uniform1f(w("among"),xi),a.uniform1f(w("lines"),u.lines??0),a.uniform1f(w("ratio"),m)}this.#c(w,y,M,t.picture),a.uniform1f(w("opacity"),u.opacity),a.uniform1f(w("opaque"),h.samples===4?$e(h):0);let q=u.additive?[0,0,0]:r;return a.uniform4f(w("veil"),q[0]/255,q[1]/255,q[2]/255,l),a.blendFunc(a.ONE,u.additive?a.ONE:a.ONE_MINUS_SRC_ALPHA),a.drawArrays(a.TRIANGLES,0,3),[g,v,x,E]}#f(t,{width:e,height:i,viewport:o,camera:n,canvas:r,dim:l}){let a=this.#t,{frame:h,place:c,look:u}=t.picture,m=[e/o.width,i/o.height],d=Xe(c,n,n.scale*m[0],n.scale*m[1],e,i);if(!d)return null;let[f,p,g,x]=d.box,v=u.kind==="color"&&h.samples<3?"scalar":u.kind,E=Ge(h,{...u,kind:v}),y=this.#g(V[E.type].store,v,!0);a.useProgram(y.name),this.#d(t,v,E);let b=w=>y.uniform(w);a.viewport(0,0,e,i),a.scissor(f,i-x,g-f,x-p),this.#a(u.ground,r),a.uniform1i(b("picture"),Zt),a.uniform1i(b("colors"),jt),a.uniform1i(b("height"),i),a.uniform2f(b("centre"),e/2,i/2),a.uniform2i(b("size"),Math.ceil(c.cols),Math.ceil(c.rows)),a.uniform2f(b("last"),c.cols%1||1,c.rows%1||1),a.uniform2i(b("home"),...d.home),a.uniform2f(b("rest"),...d.rest),a.uniformMatrix2fv(b("turn"),!1,d.turn);let M=c.hole&&Xe(c.hole,n,n.scale*m[0],n.scale*m[1],e,i);a.uniform1i(b("hollow"),M?1:0),M&&(a.uniformMatrix2fv(b("holeTurn"),!1,M.turn),a.uniform2i(b("holeSize"),Math.ceil(c.hole.cols),Math.ceil(c.hole.rows)),a.uniform2i(b("holeHome"),...M.home),a.uniform2f(b("holeRest"),...M.rest),a.uniform2f(b("holeLast"),c.hole.cols%1||1,c.hole.rows%1||1)),a.uniform1i(b("smoothly"),v!=="labels"&&(u.smooth||h.step>1)?1:0),this.#c(b,v,E,t.picture),a.uniform1f(b("opacity"),u.opacity),a.uniform1f(b("opaque"),h.samples===4?$e(h,u.opaque):0),a.uniform1i(b("steps"),u.steps?1:0);for(let w of["over","under"])a.uniform4fv(b(w),(u[w]??[0,0,0,-255]).map($=>$/255));a.uniform4fv(b("none"),(u.none??[0,0,0,0]).map(w=>w/255)),a.uniform4f(b("veil"),r[0]/255,r[1]/255,r[2]/255,l);let T=u.first?Fi[u.blending]??Kt.translucent:Kt[u.blending]??Kt.translucent;return a.blendEquation(a[T.equation??"FUNC_ADD"]),a.blendFuncSeparate(a[T.from],a[T.to],a.ONE,a.ONE),a.drawArrays(a.TRIANGLES,0,3),a.blendEquation(a.FUNC_ADD),d.box}#a(t,e){if(!t)return;let i=this.#t;i.clearColor(...(t===!0?e:t).map(o=>o/255),1),i.clear(i.COLOR_BUFFER_BIT)}#c(t,e,i,{frame:o,look:n}){let r=this.#t,l=et(o),[a,h]=i.relative?[0,1]:l?qt([n.low,n.high],l):[Number(n.low),Number(n.high)],c=h-a,u=e==="scalar"&&Di[i.type],m=u?Math.min(Math.max(Math.floor(a),u[0]),u[1]):0;r.uniform1ui(t("zero"),m>>>0),r.uniform1i(t("negative"),V[i.type].negative?1:0),r.uniform2f(t("limits"),a-m,Number.isFinite(c)&&c!==0?1/c:1e30),r.uniform1f(t("gamma"),n.gamma>0?n.gamma:1)}#d(t,e,i){let o=this.#t,{frame:n,look:r}=t.picture;o.activeTexture(o.TEXTURE0+Zt);let{suffix:l,type:a,store:h}=V[i.type],c=Pi[n.samples]+l;!t.texture||t.format!==c||t.rows!==n.rows||t.cols!==n.cols?(t.texture&&o.deleteTexture(t.texture),t.texture=Ve(o),o.texStorage2D(o.TEXTURE_2D,1,o[c],n.cols,n.rows),Object.assign(t,{format:c,rows:n.rows,cols:n.cols,frame:null})):o.bindTexture(o.TEXTURE_2D,t.texture);let u=`${i.type} ${i.relative?`${r.low} ${r.high}`:""}`,m=i.type==="painted"?r.painting:null;if(t.frame!==n||t.how!==u||t.painting!==m){let p=o[h==="float"?Ce[n.samples]:`${Ce[n.samples]}_INTEGER`];o.texSubImage2D(o.TEXTURE_2D,0,0,0,n.cols,n.rows,p,o[a],i.make()),Object.assign(t,{frame:n,how:u,painting:m,relative:i.relative})}o.activeTexture(o.TEXTURE0+jt);let d=m?m.table:e==="labels"?Bi??=Fe():r.table,f=m?Math.ceil(d.length/4/Jt):1;if(!t.colors||t.tableRows!==f?(t.colors&&o.deleteTexture(t.colors),t.colors=Ve(o),o.texStorage2D(o.TEXTURE_2D,1,o.RGBA8,256,f),Object.assign(t,{table:null,tableRows:f})):o.bindTexture(o.TEXTURE_2D,t.colors),d&&t.table!==d){let p=d.length===f*Jt*4?d:new Uint8Array(f*Jt*4);p!==d&&p.set(d),o.texSubImage2D(o.TEXTURE_2D,0,0,0,256,f,o.RGBA,o.UNSIGNED_BYTE,p),t.table=d}}#l({picture:{frame:t,look:e}}){let i=e.weight&&this.#n.get(e.weight.key);if(!(i?.texture&&i.format==="R32F"&&!i.relative&&Ci(i.frame,t)&&e.weight.high>0))return{weighing:0,among:1};let n=this.#t;return n.activeTexture(n.TEXTURE0+Be),n.bindTexture(n.TEXTURE_2D,i.texture),{weighing:1/e.weight.high,among:t.step/i.frame.step}}#g(t,e,i=!1){let o=`${t} ${e} ${i}`;return this.#e.has(o)||this.#e.set(o,this.#i(De(t,e,i))),this.#e.get(o)}#w(t){t.texture&&this.#t.deleteTexture(t.texture),t.colors&&this.#t.deleteTexture(t.colors)}};function Ci(s,t){let e=Math.max(s.step,t.step);return s.row===t.row&&s.col===t.col&&Math.abs(s.rows*s.step-t.rows*t.step)<e&&Math.abs(s.cols*s.step-t.cols*t.step)<e}function Ve(s){let t=s.createTexture();return s.bindTexture(s.TEXTURE_2D,t),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_MIN_FILTER,s.NEAREST),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_MAG_FILTER,s.NEAREST),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_WRAP_S,s.CLAMP_TO_EDGE),s.texParameteri(s.TEXTURE_2D,s.TEXTURE_WRAP_T,s.CLAMP_TO_EDGE),t}function Xe({affine:s,cols:t,rows:e},i,o,n,r,l){let[a,h,c,u,m,d]=s,f=[a*o,h*o,(c-i.x)*o,u*n,m*n,(d-i.y)*n],p=B(f);if(!p)return null;let g=(T,w)=>Math.min(Math.max(T,0),w),x=[[0,0],[t,0],[0,e],[t,e]].map(([T,w])=>[f[0]*T+f[1]*w+f[2]+r/2,f[3]*T+f[4]*w+f[5]+l/2]),[v,E]=[x.map(([T])=>T),x.map(([,T])=>T)],y=[g(Math.floor(Math.min(...v)),r),g(Math.floor(Math.min(...E)),l),g(Math.ceil(Math.max(...v)),r),g(Math.ceil(Math.max(...E)),l)];if(!(y[0]<y[2]&&y[1]<y[3]))return null;let b=T=>Math.min(Math.max(T,-ft),ft),M=[Math.floor(b(p[2])),Math.floor(b(p[5]))];return{box:y,home:M,rest:[b(p[2]-M[0]),b(p[5]-M[1])],turn:[p[0],p[3],p[1],p[4]]}}function He(s,t,e,i,o,n){let r=u=>Math.min(Math.max(u,-ft),ft),l=(i-s)/t,a=Math.floor(r(l)),h=r((s-i)*o+n/2),c=r((e-i)*o+n/2);return{low:Math.min(h,c),high:Math.max(h,c),home:a,rest:r(l-a),texels:1/(t*o)}}var $i=`#version 300 es
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
}`,Gi=`#version 300 es
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
}`,mt=class{#t;#i;#e=null;#n=null;#s=[];#h=0;#f=0;#a=null;constructor(t,e){this.#t=t,this.#i=e}restore(){this.#e=null,this.#s=[],this.#a=null}set(t){if(!t||t.count!==this.#n?.count){for(let e of this.#s)e.filled=!1;this.#a=null}this.#n=t?.count>0?t:null}draw({width:t,height:e,viewport:i,camera:o,canvas:n,dim:r}){let l=this.#n;if(!l)return;let a=this.#t;this.#e??=this.#i(Gi,$i),l.data!==this.#a&&this.#c(l);let h=t/i.width,c=d=>this.#e.uniform(d),{place:u,wrap:m}=l;a.useProgram(this.#e.name),a.viewport(0,0,t,e),a.uniform4f(c("place"),u.x,u.y,u.width,u.height),a.uniform2f(c("wrap"),m[0],m[1]),a.uniform3f(c("camera"),o.x,o.y,o.scale*h),a.uniform2f(c("screen"),t,e),a.uniform4f(c("veil"),n[0]/255,n[1]/255,n[2]/255,r),a.enable(a.BLEND),a.blendFunc(a.ONE,a.ONE_MINUS_SRC_ALPHA);for(let d=7;d>=0;d--){let f=this.#s[(this.#h+7+1-d)%8];f?.filled&&(a.uniform1f(c("size"),(d===0?l.size+2:l.size*.6)*h),a.uniform1f(c("ring"),d===0?1*h:0),a.uniform1f(c("opacity"),.45*(1-d/8)),a.bindVertexArray(f.array),a.drawArrays(a.POINTS,0,l.count))}a.bindVertexArray(null),a.disable(a.BLEND)}destroy(){let t=this.#t;for(let{array:e,buffer:i}of this.#s)t.deleteVertexArray(e),t.deleteBuffer(i);this.#s=[],this.#e&&t.deleteProgram(this.#e.name),this.#e=null,this.#n=null}#c({data:t,count:e}){let i=this.#t;this.#a=t,this.#s.length>0&&++this.#f>=3&&(this.#f=0,this.#h=(this.#h+1)%8);let o=this.#s[this.#h]??={array:i.createVertexArray(),buffer:i.createBuffer(),size:0,filled:!1};i.bindVertexArray(o.array),i.bindBuffer(i.ARRAY_BUFFER,o.buffer),o.size!==t.byteLength?(i.bufferData(i.ARRAY_BUFFER,t,i.DYNAMIC_DRAW),o.size=t.byteLength,i.enableVertexAttribArray(0),i.enableVertexAttribArray(1),i.vertexAttribPointer(0,1,i.FLOAT,!1,4,0),i.vertexAttribPointer(1,1,i.FLOAT,!1,4,e*4)):i.bufferSubData(i.ARRAY_BUFFER,0,t),o.filled=!0,i.bindVertexArray(null)}};var qe=`#version 300 es
void main() {
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0);
}`,Wi=`
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
  uint key = uint(at.y) << ${K} | uint(at.x);
  uint slot = key * ${Ct}u >> shift;
  uint last = (1u << (32 - shift)) - 1u;
  bool found = false;
  for (int turn = within ? probes : 0; turn > 0; turn--) {
    uint entry = texelFetch(states, ivec2(slot & ${(1<<Q)-1}u, slot >> ${Q}), 0).x;
    found = entry >> ${N} == key && (entry & ${(1<<N)-1}u) == ${Bt}u;
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
}`;function Qt(s){return`#version 300 es
${s?`#define LOOK_UP
`:""}${Wi}`}var Ze=1<<Q,Vi=.5,Xi=.14,Hi=.55,je=["axes","masks","states"],pt=class{#t;#i=null;#e=null;#n=[];#s=null;#h=null;#f=null;#a=zt;constructor(t){this.#t=t.getContext("webgl2",{alpha:!1,antialias:!1,depth:!1,stencil:!1}),this.#t&&!this.#t.isContextLost()&&this.restore()}get available(){return this.#t!==null}get lost(){return this.#t!==null&&this.#t.isContextLost()}get mostPixels(){return this.#a}get images(){return this.#h}get points(){return this.#f}restore(){let t=this.#t;this.#h??=new ut(t,e=>new X(t,e)),this.#h.restore(),this.#f??=new mt(t,(e,i)=>new X(t,e,i)),this.#f.restore();try{this.#i=new X(t,Qt(!1)),this.#e=new X(t,Qt(!0))}catch(e){console.error(e),this.#t=null;return}this.#a=Math.min(t.getParameter(t.MAX_TEXTURE_SIZE)-J,zt),t.pixelStorei(t.UNPACK_ALIGNMENT,1),this.#n=je.map((e,i)=>this.#d(i,1,1,4,new Uint32Array(4)))}setAxes(t,e){this.#l(0,e,2,4,t)}setMasks(t,e){this.#l(1,e,2,z,t)}setStates(t){this.#l(2,Ze,t.entries.length/Ze,1,t.entries),this.#s=t}draw(t){let{width:e,height:i,theme:o}=t,n=this.#t,r=t.tiles?1:0;if(t.grid?this.#c(t,[...C(o.canvas),1],[r,r,0]):this.clear(e,i,t.ground??o.canvas),!this.#h.any)return;let l={...t,canvas:t.ground??o.canvas,dim:t.grid?0:t.dim},a=this.#h.draw(l);t.grid||this.#f.draw(l),!(!a||!t.grid)&&(n.enable(n.BLEND),n.enable(n.SCISSOR_TEST),n.blendFunc(n.ONE,n.ONE_MINUS_SRC_ALPHA),n.scissor(a[0],i-a[3],a[2]-a[0],a[3]-a[1]),this.#c(t,[0,0,0,0],t.tiles?[t.shade?Vi:0,t.shade?Xi:0,Hi]:[0,0,0]),n.disable(n.SCISSOR_TEST),n.disable(n.BLEND))}#c({width:t,height:e,first:i,wide:o,lookUp:n,theme:r,dim:l},a,h){let c=this.#t,u=n?this.#e:this.#i,m=d=>u.uniform(d);c.useProgram(u.name),c.viewport(0,0,t,e),c.uniform1i(m("height"),e),c.uniform3fv(m("canvas"),C(r.canvas)),c.uniform4fv(m("ground"),a),c.uniform3fv(m("fills"),h),c.uniform3fv(m("tileOff"),C(r.tileOff)),c.uniform3fv(m("tileSeen"),C(r.tileSeen)),c.uniform3fv(m("viewColor"),C(r.view)),c.uniform2f(m("viewFill"),a[3]>0?r.viewFill:0,r.casingFill),c.uniform3fv(m("casingColor"),C(r.casing)),c.uniform1f(m("dim"),l),n&&(c.uniform2i(m("first"),i[0],i[1]),c.uniform1i(m("wide"),o?1:0),c.uniform1i(m("shift"),this.#s.shift),c.uniform1i(m("probes"),this.#s.probes),c.uniform1i(m("coarse"),this.#s.coarse),c.uniform4iv(m("bounds"),this.#s.bounds)),c.drawArrays(c.TRIANGLES,0,3)}clear(t,e,i){let o=this.#t;o.viewport(0,0,t,e),o.clearColor(...C(i),1),o.clear(o.COLOR_BUFFER_BIT)}read(t,e,i,o,n){let r=this.#t,l=new Uint8Array(i*o*4);r.readPixels(t,n-e-o,i,o,r.RGBA,r.UNSIGNED_BYTE,l);let a=new Uint8Array(l.length),h=i*4;for(let c=0;c<o;c++)a.set(l.subarray((o-1-c)*h,(o-c)*h),c*h);return a}destroy(){if(!this.#t.canvas.isConnected){this.#t.getExtension("WEBGL_lose_context")?.loseContext();return}this.#h.destroy(),this.#f.destroy();for(let t of this.#n)this.#t.deleteTexture(t.name);for(let t of[this.#i,this.#e])this.#t.deleteProgram(t.name)}#d(t,e,i,o,n){let r=this.#t,l=r.createTexture();r.activeTexture(r.TEXTURE0+t),r.bindTexture(r.TEXTURE_2D,l),r.texParameteri(r.TEXTURE_2D,r.TEXTURE_MIN_FILTER,r.NEAREST),r.texParameteri(r.TEXTURE_2D,r.TEXTURE_MAG_FILTER,r.NEAREST),r.texStorage2D(r.TEXTURE_2D,1,o===4?r.RGBA32UI:r.R32UI,e,i);let a={name:l,width:e,height:i,channels:o};return this.#g(t,a,e,i,n),a}#l(t,e,i,o,n){let r=this.#n[t];if(r.channels===o&&r.width===e&&r.height===i){this.#g(t,r,e,i,n);return}this.#t.deleteTexture(r.name),this.#n[t]=this.#d(t,e,i,o,n)}#g(t,e,i,o,n){let r=this.#t;r.activeTexture(r.TEXTURE0+t),r.bindTexture(r.TEXTURE_2D,e.name);let l=e.channels===4?r.RGBA_INTEGER:r.RED_INTEGER;r.texSubImage2D(r.TEXTURE_2D,0,0,0,i,o,l,r.UNSIGNED_INT,n)}},X=class{#t;#i=new Map;constructor(t,e,i=qe){this.#t=t,this.name=t.createProgram();for(let[o,n]of[[t.VERTEX_SHADER,i],[t.FRAGMENT_SHADER,e]]){let r=t.createShader(o);if(t.shaderSource(r,n),t.compileShader(r),!t.getShaderParameter(r,t.COMPILE_STATUS)&&!t.isContextLost())throw new Error(`compile shader: ${t.getShaderInfoLog(r)}`);t.attachShader(this.name,r)}if(t.linkProgram(this.name),!t.getProgramParameter(this.name,t.LINK_STATUS)&&!t.isContextLost())throw new Error(`link program: ${t.getProgramInfoLog(this.name)}`);t.useProgram(this.name),je.forEach((o,n)=>t.uniform1i(this.uniform(o),n))}uniform(t){return this.#i.has(t)||this.#i.set(t,this.#t.getUniformLocation(this.name,t)),this.#i.get(t)}};function C(s){return s.map(t=>t/255)}function te(s){let t=getComputedStyle(s),e=Yi(t),i=(n,r)=>qi(t.getPropertyValue(n))??r;return{canvas:i("--canvas",e?[0,0,0]:[255,255,255]),tileOff:i("--tile-off",[163,162,160]),tileSeen:i("--tile-seen",[225,19,19]),view:i("--tile-view",[245,197,66]),loading:i("--tile-loading",[86,180,233]),reloaded:i("--tile-reloaded",[255,120,220]),axisX:i("--axis-x",[230,50,50]),axisY:i("--axis-y",[60,160,75]),casing:[0,0,0],viewFill:.16,casingFill:.5}}function S(s){return`rgb(${s.join(" ")})`}function Yi(s){return s.colorScheme==="dark"||s.colorScheme==="light"?s.colorScheme==="dark":matchMedia("(prefers-color-scheme: dark)").matches}function qi(s){let t=s.trim();if(t==="")return null;if(/^[\d.]+[\s,]+[\d.]+[\s,]+[\d.]+$/.test(t))return t.split(/[\s,]+/).map(Number);if(!CSS.supports("color",t))return null;let e=new OffscreenCanvas(1,1).getContext("2d",{willReadFrequently:!0});return e.fillStyle=t,e.fillRect(0,0,1,1),[...e.getImageData(0,0,1,1).data.slice(0,3)]}var Ke=64,gt=2,xt=7,R=7,Zi=32,Je=10,Qe="600 12px system-ui, sans-serif",ti=3,ei=14,ii=9,F=14,si=6,ee=8,oi=4,bt=class{#t;#i;constructor(t){this.#t=t,this.#i=t.getContext("2d")}draw({camera:t,viewport:e,width:i,height:o,theme:n,view:r,dim:l,picture:a=null,tiles:h=!0,marks:c=null,scene:u=null}){let m=this.#i;(this.#t.width!==i||this.#t.height!==o)&&(this.#t.width=i,this.#t.height=o),m.setTransform(i/e.width,0,0,o/e.height,0,0),m.clearRect(0,0,e.width,e.height),a&&h&&(this.#e(a.loading,a,t,e,S(n.loading),1,1-l),this.#e(a.reloaded,a,t,e,S(n.reloaded),-1,1-l)),u?.axes!==!1&&this.#h(t,e,n,1-l,c?.names??["y","x"],u?.up?u.box.y1:null),c?.line&&this.#n(c.line,t,e,n),c?.paint&&(m.save(),c.paint(m,{camera:t,viewport:e,opacity:1-l}),m.restore());let d=a&&r?Lt(a):"";d&&this.#s([`level ${a.level}, ${d}`,`level ${a.level}, ideal ${a.ideal}`],r,t,e,n),r&&u?.frame&&this.#a(r,t,e,n,1-l),r&&this.#c(r,t,e,n,1-l)}get canvas(){return this.#t}clear(){this.#i.setTransform(1,0,0,1,0,0),this.#i.clearRect(0,0,this.#t.width,this.#t.height)}#e(t,{tile:e},i,o,n,r,l){if(t.length===0)return;let a=this.#i,h=new Path2D,c=(f,p)=>Math.min(Math.max(f,-ee),p+ee),u=!1;for(let f=0;f<t.length;f+=4){let[p,g]=_(i,o,t[f+1]*e[1],t[f]*e[0]),[x,v]=_(i,o,(t[f+1]+t[f+3])*e[1],(t[f]+t[f+2])*e[0]);if(x<0||v<0||p>o.width||g>o.height)continue;let E=c(p,o.width),y=c(g,o.height);h.rect(E,y,Math.max(c(x,o.width)-E,2),Math.max(c(v,o.height)-y,2)),u=!0}if(!u)return;a.save(),a.globalAlpha=l,a.strokeStyle=n,a.lineWidth=2,a.stroke(h),a.clip(h);let m=new Path2D,d=o.width+o.height;for(let f=-o.height;f<d;f+=ee)m.moveTo(f,r>0?o.height:0),m.lineTo(f+o.height,r>0?0:o.height);a.stroke(m),a.restore()}#n(t,e,i,o){let n=this.#i,[r,l]=t.map(([h,c])=>_(e,i,h,c)),a=new Path2D;a.moveTo(...r),a.lineTo(...l);for(let[h,c]of[r,l])a.moveTo(h+oi,c),a.arc(h,c,oi,0,2*Math.PI);n.strokeStyle=S(o.casing),n.lineWidth=4,n.stroke(a),n.strokeStyle=S(o.view),n.lineWidth=2,n.stroke(a)}#s(t,e,i,o,n){let r=this.#i,[l,a]=_(i,o,e.x0,e.y0),[h,c]=_(i,o,e.x1,e.y1);if(h<0||c<0||l>o.width||a>o.height)return;r.font=Qe,r.textAlign="left",r.textBaseline="middle";let u=g=>r.measureText(g).width+28,m=t.find(g=>u(g)<=o.width-16)??t.at(-1),d=u(m),f=Math.min(Math.max(l,8),Math.max(o.width-d-8,8)),p=Math.min(Math.max(a-26,8),o.height-30);r.fillStyle=S(n.view),r.beginPath(),r.roundRect(f,p,d,22,3),r.fill(),r.fillStyle=r.strokeStyle=S(n.casing),r.lineWidth=1.5,r.beginPath(),r.moveTo(f+12,p+5),r.lineTo(f+18,p+16),r.lineTo(f+6,p+16),r.closePath(),r.moveTo(f+12,p+9),r.lineTo(f+12,p+13),r.stroke(),r.fillText(m,f+22,p+11.5)}#h(t,e,i,o,[n,r],l){let a=this.#i,h=l!==null,[c,u]=_(t,e,0,l??0),m=(x,v)=>Math.min(Math.max(x,Je),v-Je-Ke-2*R),d=m(c-xt,e.width),f=u+(h?xt:-xt),p=h?e.height-m(e.height-f,e.height):m(f,e.height),g=d===c-xt&&p===f?Ke:Zi;a.globalAlpha=o,a.font=Qe,a.lineJoin="round",this.#f(d,p,g,0,r,S(i.axisX),S(i.canvas)),n!==""&&this.#f(d,p,0,h?-g:g,n,S(i.axisY),S(i.canvas)),a.globalAlpha=1}#f(t,e,i,o,n,r,l){let a=this.#i,h=t+i,c=e+o,u=Math.sign(i),m=Math.sign(o),d=new Path2D;d.moveTo(t-u*gt/2,e-m*gt/2),d.lineTo(h-u*R,c-m*R);let f=new Path2D;f.moveTo(h,c),f.lineTo(h-u*R-m*R*.5,c-m*R-u*R*.5),f.lineTo(h-u*R+m*R*.5,c-m*R+u*R*.5),f.closePath(),a.textAlign=u?"left":"center",a.textBaseline=u?"middle":m>0?"top":"bottom";let p=h+u*5,g=c+m*3;a.strokeStyle=l,a.lineWidth=gt+ti,a.stroke(d),a.lineWidth=ti,a.stroke(f),a.strokeText(n,p,g),a.strokeStyle=a.fillStyle=r,a.lineWidth=gt,a.stroke(d),a.fill(f),a.fillText(n,p,g)}#a(t,e,i,o,n){let[r,l]=_(e,i,t.x0,t.y0),[a,h]=_(e,i,t.x1,t.y1),c=(g,x)=>Math.min(Math.max(g,-4),x+4),[u,m,d,f]=[c(r,i.width),c(l,i.height),c(a,i.width),c(h,i.height)];if(!(d>u&&f>m))return;let p=this.#i;p.globalAlpha=n;for(let[g,x]of[[o.casing,4],[o.view,2]])p.strokeStyle=S(g),p.lineWidth=x,p.strokeRect(u,m,d-u,f-m);p.globalAlpha=1}#c(t,e,i,o,n){let[r,l]=_(e,i,t.x0,t.y0),[a,h]=_(e,i,t.x1,t.y1),c=this.#i,u=new Path2D;if(a<0||h<0||r>i.width||l>i.height)ji(u,(r+a)/2,(l+h)/2,i);else if(a-r<F&&h-l<F)Ki(u,(r+a)/2,(l+h)/2);else return;c.globalAlpha=n,c.lineCap=c.lineJoin="round",c.strokeStyle=S(o.casing),c.lineWidth=4,c.stroke(u),c.strokeStyle=S(o.view),c.lineWidth=2,c.stroke(u),c.lineCap="butt",c.globalAlpha=1}};function ji(s,t,e,{width:i,height:o}){let n=t-i/2,r=e-o/2,l=Math.min((i/2-ei)/Math.abs(n),(o/2-ei)/Math.abs(r)),a=i/2+n*l,h=o/2+r*l,c=Math.atan2(r,n),u=m=>[a-Math.cos(c+m)*ii,h-Math.sin(c+m)*ii];s.moveTo(...u(.7)),s.lineTo(a,h),s.lineTo(...u(-.7))}function Ki(s,t,e){for(let[i,o]of[[-1,-1],[1,-1],[1,1],[-1,1]])s.moveTo(t+i*F,e+o*(F-si)),s.lineTo(t+i*F,e+o*F),s.lineTo(t+i*(F-si),e+o*F)}var vt=1,L=2,I=4,H=vt|L|I,Qi=32,ts=20,es=480,is=.6,ss=80,os=160,yt=class{#t;#i;#e;#n;#s;#h=null;#f=null;#a=null;#c=null;#d=null;#l=null;#g=[];#w=null;#v=!1;#x=!0;#A=!1;#S=null;#o={x:0,y:0,scale:1};#u="fit";#m=null;#_=null;#r={width:0,height:0};#I={top:0,right:0,bottom:0,left:0};#p={width:0,height:0};#O;#M=!1;#z=!1;#y=!1;#E=H;#T=0;#k=0;#G=[];#P={bands:new Float64Array(0),rest:new Float64Array(0)};#B=new ht;#F=null;#Z=[0,0];#D=new Uint32Array(0);#C=new Uint32Array(0);#R={updates:0,frames:0,pictures:0,draws:0,hashBuilds:0,drawTime:0};constructor(t,e,i){this.#t=t.canvas,this.#i=e,this.#s=i,this.#O=te(i.theme),this.#e=new pt(t.canvas),this.#n=new bt(t.overlay),this.#y=this.#e.lost,this.#H()}update(t){this.#R.updates++,this.#h=t,this.#M||this.#$()}setImages(t){t.some(({frame:e})=>!this.#g.some(i=>i.frame===e))&&(this.#v=!0),this.#g=t,!this.#y&&this.#e.available&&this.#e.images.set(t),this.#b(I)}setPoints(t){this.#w=t,!this.#y&&this.#e.available&&this.#e.points.set(t),this.#b(I)}setScene(t){let e=this.#d;this.#d=t,!t||!e||e.key!==t.key?(this.#u==="free"&&e&&this.#L("fit"),this.#m=null,this.#u!=="free"&&(this.#o=this.#U())):this.#u==="fit"&&(!ie(e.box,t.box)||e.margin!==t.margin)&&(this.#o=this.#U()),this.#b(H)}setLayered(t){let e=this.#l;this.#l=t,(t?.key??null)!==(e?.key??null)?(this.#u==="free"&&this.#L("fit"),this.#m=null,this.#o=this.#U()):this.#u==="fit"&&t&&!ie(e.box,t.box)&&(this.#o=this.#U()),this.#b(H)}setCamera(t){this.#L("free"),this.#m=null,this.#o=t,this.#b(L)}setTiles(t){this.#x!==t&&(this.#x=t,this.#b(I))}setShade(t){this.#A!==t&&(this.#A=t,this.#b(I))}setMarks(t){this.#S=t,this.#b(I)}setPaused(t){this.#M!==t&&(this.#M=t,this.#b(I))}setStale(t){this.#z!==t&&(this.#z=t,this.#b(I))}setFollow(t){t?this.#L("follow"):this.#u==="follow"&&this.#L("free"),this.#b(L)}get following(){return this.#u==="follow"}fit(){this.#L("fit"),this.#tt(this.#U())}pan(t,e){this.#Y(At(this.#o,t,e))}step(t,e){let i=this.#m?this.#m.to:this.#o;this.#Q(At(i,-t*this.#r.width,-e*this.#r.height))}pinch(t,e){this.#Y(ge(this.#o,this.#r,t,e,this.#q()))}zoomAt(t,e,i){this.#Y(St(this.#o,this.#r,t,e,i,this.#q()))}zoomTo(t,e,i){let o=this.#m?this.#m.to:this.#o;this.#Q(St(o,this.#r,t,e,i,this.#q()))}zoomBy(t){this.zoomTo(this.#r.width/2,this.#r.height/2,t)}point(t,e){this.#_=t===null?null:[t,e],this.#$()}redraw(){this.#b(I)}themeChanged(){this.#O=te(this.#s.theme),this.#b(I)}resize(t,e,i){if(this.#I=i,!this.#e.available)return;let o=a=>Math.max(Math.min(Math.round(a),this.#e.mostPixels),0),n=o(e.width),r=o(e.height);t.width===this.#r.width&&t.height===this.#r.height&&n===this.#p.width&&r===this.#p.height||(this.#r=t,this.#p={width:n,height:r},this.#E=H,!(n===0||r===0)&&(this.#t.width=n,this.#t.height=r,!this.#y&&(this.#u==="fit"&&this.#N&&(this.#m=null,this.#o=this.#U()),cancelAnimationFrame(this.#T),this.#T=0,this.#W(performance.now()))))}contextLost(){this.#y=!0,cancelAnimationFrame(this.#T),this.#T=0,this.#H()}contextRestored(){this.#y=!1,this.#e.restore(),this.#e.available&&(this.#e.images.set(this.#g),this.#e.points.set(this.#w)),this.#F=null,this.#b(H)}flush(){this.#T!==0&&(cancelAnimationFrame(this.#T),this.#W(performance.now()))}readPixels(t,e,i,o){return this.#e.available?new Promise((n,r)=>{this.#G.push({resolve:n,reject:r,x:t,y:e,width:i,height:o}),this.#b(I)}):Promise.reject(new Error("This browser has no WebGL2."))}async toPNG(){if(!this.#j())throw new Error("The picture cannot be exported while it is not shown.");this.#K();let t=document.createElement("canvas");t.width=this.#p.width,t.height=this.#p.height;let e=t.getContext("2d");return e.drawImage(this.#t,0,0),e.drawImage(this.#n.canvas,0,0),new Promise((i,o)=>{t.toBlob(n=>n?i(n):o(new Error("The browser could not make a PNG of the picture.")),"image/png")})}toData(t,e){return Mt(this.#o,this.#r,t,e)}stats(){return{...this.#R,mode:this.#u,camera:{...this.#o},viewport:{...this.#r},size:{...this.#p},detail:this.#F?this.#F.detail:0,bands:this.#P.bands.length/4,cells:this.#B.count,probes:this.#B.probes,coarse:this.#B.coarse,lost:this.#y,available:this.#e.available}}toScreen(t,e){return _(this.#o,this.#r,t,e)}destroy(){cancelAnimationFrame(this.#T),this.#T=0;for(let t of this.#G.splice(0))t.reject(new Error("The viewer was removed."));this.#e.available&&!this.#y&&this.#e.destroy(),this.#i.destroy()}#b(t){this.#E|=t,this.#$()}#$(){this.#T===0&&!this.#y&&(this.#T=requestAnimationFrame(t=>this.#W(t)))}#W(t){this.#T=0;let e=this.#k===0?16:Math.min(Math.max(t-this.#k,0),100);this.#k=t,this.#it();let i=this.#st(t,e);this.#H(),this.#j()&&(this.#E!==0&&this.#K(),this.#at());let o=this.#_&&Mt(this.#o,this.#r,...this.#_);this.#i.readout(this.#a,o&&this.#l?this.#l.toLayer?.(...o)??null:o),this.#s.onFrame?.({camera:this.#o,viewport:this.#r,size:this.#p,point:o,most:this.#e.mostPixels}),i?this.#$():this.#k=0}#j(){return this.#e.available&&!this.#y&&this.#p.width>0&&this.#p.height>0}#it(){if(this.#h===null||this.#M)return;let t=this.#h;this.#h=null,this.#f=t;let e=this.#a,i=we(t);if(this.#a=i,!i){e&&(this.#E=H);return}ve(e,i)||(this.#P=Ne(i.rects),this.#E|=vt),ie(e&&e.view,i.view)||(this.#E|=L),ye(e,i)||(this.#E|=I);let o=this.#c;(!o||o.topic!==i.topic||o.base[0]!==i.base[0]||o.base[1]!==i.base[1])&&(this.#c={topic:i.topic,base:i.base}),o!==this.#c&&!this.#l&&(this.#u==="free"&&this.#L("fit"),this.#m=null,this.#o=this.#U(),this.#E|=L),this.#i.label(()=>Te(this.#a))}#st(t,e){if(this.#m){let{from:r,to:l,start:a}=this.#m,h=Math.min(Math.max((t-a)/os,0),1);return this.#o=me(r,l,1-(1-h)**3),this.#E|=L,h===1&&(this.#m=null),h<1}let i=this.#V;if(this.#u!=="follow"||!i||this.#r.width===0)return!1;let o=he(i,this.#r,this.#l?1:is,this.#I);if(o.x===this.#o.x&&o.y===this.#o.y&&o.scale===this.#o.scale)return!1;let n=this.#s.reducedMotion||pe(this.#o,o,this.#r);return this.#o=n?o:de(this.#o,o,e,ss),this.#E|=L,!n}#K(){let t=performance.now(),{width:e,height:i}=this.#p,o=this.#E;if(this.#E=0,this.#a||this.#g.length>0){let n=this.#a!==null&&!this.#l;n&&o&(vt|L)&&this.#ot(o),this.#e.draw({width:e,height:i,first:this.#Z,wide:this.#X,lookUp:this.#X||this.#B.count>0,theme:this.#O,dim:this.#J(),grid:n,ground:this.#l?.ground??null,tiles:this.#x,shade:this.#A,camera:this.#o,viewport:this.#r})}else this.#e.clear(e,i,this.#O.canvas);this.#R.draws++;for(let{resolve:n,x:r,y:l,width:a,height:h}of this.#G.splice(0))n(this.#e.read(r,l,a,h,i));this.#N?this.#n.draw(this.#rt()):this.#n.clear(),this.#R.drawTime=performance.now()-t}#ot(t){let{tile:e,extent:i,view:o}=this.#a,{width:n,height:r}=this.#p,l=n/this.#r.width,a=r/this.#r.height,h=this.#o.scale*l,c=this.#o.scale*a,u=Ae(Math.min(e[1]*h,e[0]*c)),m={centre:this.#o.x,scale:h,ratio:l,tile:e[1],extent:i[1],detail:u,anchor:0,view:o&&[o.x0,o.x1],edge:2*l,casing:1*l},d={centre:this.#o.y,scale:c,ratio:a,tile:e[0],extent:i[0],detail:u,anchor:0,view:o&&[o.y0,o.y1],edge:2*a,casing:1*a},f=Dt(n,m),p=Dt(r,d);if(f&&p){let x=this.#F&&this.#F.detail===u?this.#F:{row:null,column:null};d.anchor=Gt(...p,x.row),m.anchor=Gt(...f,x.column),(t&vt||d.anchor!==x.row||m.anchor!==x.column)&&(this.#B.build(this.#P.rest,u,d.anchor,m.anchor),this.#e.setStates(this.#B),this.#F={detail:u,row:d.anchor,column:m.anchor},this.#R.hashBuilds++),this.#Z=[f[0]-m.anchor,p[0]-d.anchor],this.#X&&this.#nt(f,p,u)}else this.#F=null;let g=Math.max(n,r);this.#D.length!==2*g*4&&(this.#D=new Uint32Array(2*g*4)),Pt(this.#D,0,n,m),Pt(this.#D,g*4,r,d),Ft(this.#D,0,n,m,this.#P.bands,1),Ft(this.#D,g*4,r,d,this.#P.bands,0),this.#e.setAxes(this.#D,g)}#nt(t,e,i){let o=t[1]-t[0]+1,n=e[1]-e[0]+1,r=this.#e.mostPixels+J,l=Math.min(2**Math.ceil(Math.log2(Math.max(o,n,64))),r),a=l*z;this.#C.length!==2*a&&(this.#C=new Uint32Array(2*a)),$t(this.#C,0,this.#P.bands,1,t[0],o,i),$t(this.#C,a,this.#P.bands,0,e[0],n,i),this.#e.setMasks(this.#C,l)}get#N(){return this.#l?this.#l.box:this.#a?this.#a.box:this.#d?this.#d.box:null}get#V(){return this.#l?this.#l.view:this.#a?.view??null}get#X(){return this.#P.bands.length/4>16}#rt(){return{camera:this.#o,viewport:this.#r,...this.#p,theme:this.#O,dim:this.#J(),picture:this.#l?null:this.#a,view:this.#V,marks:this.#S,tiles:this.#x,scene:this.#l?{...this.#l,axes:!1,frame:this.#u!=="follow"}:this.#a?null:this.#d}}#at(){this.#v&&(this.#v=!1,this.#R.pictures++,this.#i.pictured(this.#R.pictures),this.#s.onPictures?.());let t=this.#f;t!==null&&(this.#f=null,this.#R.frames++,this.#i.painted(this.#R.frames,this.#a!==null),this.#s.onPaint?.(t))}#J(){return this.#z&&!this.#M?.55:0}#H(){let t="live";this.#e.available?this.#y?t="lost":!this.#a&&this.#g.length===0?t="empty":this.#M?t="paused":this.#z&&(t="stale"):t="unsupported",this.#i.state(t)}#L(t){this.#u!==t&&(this.#u=t,this.#m=null,this.#s.onMode?.(t))}#Y(t){this.#N&&(this.#L("free"),this.#m=null,this.#o=this.#et(t),this.#b(L))}#Q(t){this.#N&&(this.#L("free"),this.#tt(this.#et(t)))}#tt(t){this.#N&&(this.#s.reducedMotion?(this.#m=null,this.#o=t):this.#m={from:this.#o,to:t,start:performance.now()},this.#b(L))}#et(t){return fe(t,this.#r,ue(this.#N,this.#V))}#q(){return ce(this.#N??{x0:0,y0:0,x1:1,y1:1},this.#r)}#U(){if(!this.#N||this.#r.width===0)return this.#o;let t=Math.min(this.#r.width,this.#r.height)<es,e=this.#a?void 0:this.#d?.margin;return le(this.#N,this.#r,e??(t?ts:Qi),this.#I)}};function ie(s,t){return!s||!t?!s&&!t:s.x0===t.x0&&s.y0===t.y0&&s.x1===t.x1&&s.y1===t.y1}var ns=64,rs=.125,as=512*512,ls=2.5;function D(s){return s>1?2**Math.min(Math.round(Math.log2(s)),30):1}function ai({camera:s,viewport:t,ratio:e,place:i,shape:[o,n],most:r,present:l=null}){if(!(o>0&&n>0&&t.width>0&&t.height>0))return null;let a=1/(s.scale*e),h=D(a/Math.max(i.width,i.height)),c=(d,f,p,g,x)=>{let v=f/2/s.scale;return hi((d-v-p)/g,(d+v-p)/g,x)},u=c(s.x,t.width,i.x,i.width,n),m=c(s.y,t.height,i.y,i.height,o);return u&&m?ci(h,u,m,[o,n],r,l):null}function li({camera:s,viewport:t,ratio:e,affine:i,shape:[o,n],most:r,present:l=null}){let a=B(i);if(!a||!(o>0&&n>0&&t.width>0&&t.height>0))return null;let h=D(1/(Math.max(Math.hypot(i[0],i[3]),Math.hypot(i[1],i[4]))*s.scale*e)),c=[t.width/2/s.scale,t.height/2/s.scale],u=[[-1,-1],[1,-1],[-1,1],[1,1]].map(([p,g])=>P(a,s.x+p*c[0],s.y+g*c[1])),m=(p,g)=>{let x=u.map(v=>v[p]);return hi(Math.min(...x),Math.max(...x),g)},d=m(0,n),f=m(1,o);return d&&f?ci(h,d,f,[o,n],r,l):null}function hi(s,t,e){return t<=0||s>=e?null:[Math.max(s,0),Math.min(t,e),(t-s)*rs]}function ci(s,t,e,[i,o],n,r){for(let l=s;;l*=2){let a=Math.ceil(i/l)*Math.ceil(o/l)<=as?{row:0,col:0,rows:i,cols:o,step:l}:{...ri("row","rows",e,i,l),...ri("col","cols",t,o,l),step:l};if(!(Math.max(a.rows,a.cols)/l>n))return hs(r,a,t,e)?r:a}}function ri(s,t,[e,i,o],n,r){let l=ns*r,a=Math.max(Math.floor((e-o)/l)*l,0),h=Math.min(Math.ceil((i+o)/l)*l,n);return{[s]:a,[t]:h-a}}function hs(s,t,e,i){return!s||s.step!==t.step||s.rows*s.cols>t.rows*t.cols*ls?!1:s.col<=e[0]&&s.col+s.cols>=e[1]&&s.row<=i[0]&&s.row+s.rows>=i[1]}function st(s,t,{row:e,col:i,rows:o,cols:n,step:r},l,a=!1){return`${s}/${t.join(",")}/${e},${i},${o},${n}/${r}${l?"/n":""}${a?"/e":""}`}function fi({row:s,col:t,rows:e,cols:i,step:o},n,r){return{x:n.x+t*n.width,y:n.y+s*n.height,width:n.width*o,height:n.height*o,right:n.x+Math.min(t+i*o,r[1])*n.width,bottom:n.y+Math.min(s+e*o,r[0])*n.height}}var cs=100,di=1024,fs=32,oe=class{#t;#i;#e;#n;#s;#h;#f;#a=[];#c={canvas:null,layers:[]};#d=new Map;#l={id:"",paint:null,named:null};#g=null;#w="";#v=new Map;#x="";#A="";#S=null;#o=!1;#u=0;#m=0;#_=()=>this.#M();constructor(t,e,i,o,n,r,l=()=>{}){this.#t=e,this.#i=i,this.#e=o,this.#n=n,this.#s=r,this.#h=l,this.#f=t,document.addEventListener("visibilitychange",this.#_),this.#a.push(this.#r(`${e}/pictures`,a=>{let h=this.there;this.#c=xs(a),h!==this.there&&this.#n(this.there),this.#p(),this.#s()}),this.#r(`${e}/colors`,a=>{this.#d=ws(a,this.#d),this.#p(),this.#s()})),j()}get there(){return this.#c.layers.length>0}show(t){this.#x!==t&&(this.#x=t,t===""&&(this.#i.setImages([]),this.#h([])),this.#p())}styleOf(t,e){let i=this.#c.layers.find(o=>o.id===t);return i?(this.#l.id!==t&&(this.#l={id:t,paint:null,named:null}),{...this.#k(i,this.#l,e),first:!0,ground:this.#c.canvas??!0}):null}take(t){this.#w=typeof t.layer=="string"?t.layer:"",this.#g=gs(t.camera),this.#O(),this.#M()}moved(t){let e=this.#S,{camera:i,viewport:o}=t;this.#S={...t,camera:{...i},viewport:{...o},size:{...t.size}},e&&i.x===e.camera.x&&i.y===e.camera.y&&i.scale===e.camera.scale&&o.width===e.viewport.width&&o.height===e.viewport.height||this.#M()}setPaused(t){this.#o=t,this.#M()}destroy(){clearTimeout(this.#u),document.removeEventListener("visibilitychange",this.#_);for(let t of this.#a)t();for(let t of this.#v.values())mi(t);this.#v.clear()}#r(t,e){let i=this.#f.appendChild(document.createElement("i"));i.hidden=!0,i.dataset.topic=t;let o=this.#e(t,e);return()=>{o(),i.remove()}}get#I(){return this.#x===""?[]:this.#c.layers.filter(e=>e.visible&&(this.#x==="layers"||e.id===this.#w)).slice(-fs)}#p(){this.#O(),this.#M(),this.#T()}#O(){if(this.#x===""||!this.there){this.#A!==""&&this.#i.setLayered(null),this.#A="";return}let t=null;for(let{affine:l,base:a}of this.#x==="layers"?this.#I:this.#c.layers.filter(({id:h})=>h===this.#w)){let h=Oe(l,0,0,a[1],a[0]);t=t?{x0:Math.min(t.x0,h.x0),y0:Math.min(t.y0,h.y0),x1:Math.max(t.x1,h.x1),y1:Math.max(t.y1,h.y1)}:h}let e=this.#c.layers.find(({id:l})=>l===this.#w),i=e&&B(e.affine),o=ps(this.#g),n={key:`${this.#t} ${this.#x==="layer"?this.#w:""}`,box:t??o??{x0:0,y0:0,x1:1,y1:1},view:o,ground:this.#c.canvas},r=JSON.stringify([n,i]);r!==this.#A&&(this.#A=r,this.#i.setLayered({...n,toLayer:i?(l,a)=>P(i,l,a):null}))}#M(){this.#u===0&&(this.#u=setTimeout(()=>{this.#u=0,this.#z()},Math.max(this.#m+cs-performance.now(),0)))}#z(){this.#m=performance.now();let t=document.hidden?[]:this.#I,e=!1;for(let[i,o]of this.#v)t.some(n=>n.id===i)||(mi(o),document.hidden||this.#v.delete(i),e=!0);for(let i of t){this.#v.has(i.id)||this.#v.set(i.id,{...ui,overview:{...ui},paint:null,named:null});let o=this.#v.get(i.id);(o.base!==i.topic||o.index!==i.index)&&Object.assign(o,{base:i.topic,index:i.index,frame:null,region:null}),this.#y(o,this.#E(i,o))&&(e=!0),this.#y(o.overview,us(i))&&(e=!0)}e&&j()}#y(t,e){return e===t.topic||this.#o&&t.topic!==""?!1:(t.stop(),Object.assign(t,{topic:e,stop:()=>{}}),e===""?(t.frame=null,!0):(t.stop=this.#r(e,i=>{this.#o||!i.data||(t.frame=i,this.#M(),this.#T())}),!0))}#E(t,e){if(!this.#S)return e.topic;let i=t.index.split(","),o=e.frame?.shape?.length===i.length?e.frame.shape:t.shape,[n,r]=[o[i.indexOf("y")],o[i.indexOf("x")]];if(!(n>0&&r>0))return e.topic;let l=pi(e.frame,t.affine),{camera:a,viewport:h,size:c,most:u}=this.#S,m=d=>({row:0,col:0,rows:n,cols:r,step:D(Math.max(n,r)/d)});return l?e.region=li({camera:a,viewport:h,ratio:c.width/h.width,affine:l,shape:[n,r],most:u,present:e.region})??m(64):e.region=m(di),st(t.topic,i,e.region,t.kind==="labels",t.limits!==null&&U(...t.limits))}#T(){if(this.#x==="")return;let t=[],e=!0;for(let i of this.#I){let o=this.#v.get(i.id);if(!o)continue;let n=o.frame&&Et(o.frame,i),r=o.overview.frame&&Et(o.overview.frame,i);r&&t.push({key:`overview ${i.id}`,frame:o.overview.frame,place:{...r,hole:n},look:{...this.#k(i,o,o.overview.frame),first:e}}),n&&t.push({key:`layer ${i.id}`,frame:o.frame,place:n,look:{...this.#k(i,o,o.frame),first:e}}),(n||r)&&(e=!1)}this.#i.setImages(t),this.#h(t.map(({frame:i,look:o})=>({frame:i,limits:o.kind==="scalar"?[o.low,o.high]:null})))}#k(t,e,i){let{opacity:o,blending:n,gamma:r}=t,l=this.#d.get(t.colors),a=!t.interpolation.startsWith("nearest");if(t.kind==="labels"){if(!l||l.kind==="scale")return{kind:"labels",low:0,high:1,gamma:1,opacity:o,blending:n,painting:ms};let f=`${t.colors} ${t.contour} ${t.selection} ${t.dtype}`;return e.paint?.of!==f&&(e.paint={of:f,painting:Yt(l,t)}),{kind:"labels",low:0,high:1,gamma:1,opacity:o,blending:n,painting:e.paint.painting}}let h=i.samples>=3,[c,u]=t.limits??it(i),m={kind:h?"color":"scalar",low:c,high:u,gamma:r,opacity:o,blending:n,smooth:a,opaque:ds(t.dtype)};if(h)return m;if(l?.kind==="scale")return{...m,table:l.rgba,steps:l.steps,over:l.over,under:l.under,none:l.nan};let d=W(t.colormap)??"gray";return e.named?.name!==d&&(e.named={name:d,table:ct(d)}),{...m,table:e.named.table}}},ui={topic:"",frame:null,region:null,stop:()=>{}};function mi(s){for(let t of[s,s.overview])t.stop(),Object.assign(t,{topic:"",stop:()=>{}})}function us({overview:s,index:t,kind:e,limits:i}){if(!s)return"";let o=t.split(","),[n,r]=[s.shape[o.indexOf("y")],s.shape[o.indexOf("x")]];return n>0&&r>0?st(s.topic,o,{row:0,col:0,rows:n,cols:r,step:D(Math.max(n,r)/di)},e==="labels",i!==null&&U(...i)):""}var ms=Yt({kind:"cyclic",background:"0",rgba:Uint8Array.from({length:256},(s,t)=>t%4===3?255:Math.round(127.5+127.5*Math.cos((t>>2)*2.399963+t%4*2.0944)))},{});function ds(s){return{"|u1":255,"<u2":65535,">u2":65535}[s]??1}function pi(s,t){let{offset:e,pixel:i}=s??{};return!Y(e)||!Y(i)||!(i[0]>0&&i[1]>0)?null:Wt(t,[i[1],0,e[1],0,i[0],e[0]])}function Et(s,{affine:t,index:e}){let i=pi(s,t),{row:o,col:n,rows:r,cols:l,step:a,shape:h}=s;if(!i||r===0||l===0)return null;let c=e.split(","),u=m=>Array.isArray(h)?h[c.indexOf(m)]:1/0;return{affine:Wt(i,[a,0,n,0,a,o]),cols:Math.min(l,(u("x")-n)/a),rows:Math.min(r,(u("y")-o)/a)}}function ps(s){if(!s)return null;let{center:[t,e],zoom:i,size:[o,n]}=s;return{x0:e-n/i/2,y0:t-o/i/2,x1:e+n/i/2,y1:t+o/i/2}}function gs(s){let{center:t,zoom:e,size:i}=s??{};return Y(t)&&Y(i)&&i[0]>0&&i[1]>0&&e>0&&e<1/0?{center:t,zoom:e,size:i}:null}function xs(s){let t=[];for(let i of Array.isArray(s.layers)?s.layers:[]){let{id:o,topic:n,index:r,shape:l,kind:a,limits:h,gamma:c,opacity:u}=i??{},m=Le(i?.matrix);if(typeof o!="string"||typeof n!="string"||!/^y,x(,c)?$/.test(r)||!m||!B(m)||!Array.isArray(l)||l.length!==r.split(",").length||!l.every(f=>Number.isSafeInteger(f)&&f>=0))continue;let d=Y(i.base)&&i.base.every(f=>f>0)?i.base:l.slice(0,2);t.push({id:o,topic:n,index:r,shape:l,kind:a,affine:m,base:d,dtype:ot(i.dtype),colors:ot(i.colors),colormap:ot(i.colormap),limits:Y(h)&&h[1]>h[0]?h:null,gamma:c>0&&c<1/0?c:1,opacity:u>=0&&u<=1?u:1,visible:i.visible!==!1,blending:ot(i.blending),interpolation:ot(i.interpolation)||"nearest",overview:bs(i.overview,l.length),contour:i.contour>0?Math.floor(i.contour):0,selection:/^-?[0-9]+$/.test(i.selection??"")?i.selection:null})}return{canvas:/^#[0-9a-f]{6}$/.test(s.canvas??"")?[1,3,5].map(i=>parseInt(s.canvas.slice(i,i+2),16)):null,layers:t}}function bs(s,t){let{topic:e,shape:i}=s??{};return typeof e=="string"&&Array.isArray(i)&&i.length===t&&i.every(n=>Number.isSafeInteger(n)&&n>=0)?{topic:e,shape:i}:null}function ws(s,t=new Map){let e=new Map;for(let[i,o]of Object.entries(s.tables??{})){let n=t.get(i)??vs(o);n&&e.set(i,n)}return e}function vs(s){let t;try{t=Uint8Array.from(atob(s.table),r=>r.charCodeAt(0))}catch{return null}let e=t.length/4,i=/^-?[0-9]+$/.test(s.background??"")?s.background:"0";if(s.kind==="scale"&&e===256)return{kind:"scale",rgba:t,steps:s.steps===!0,over:se(s.over),under:se(s.under),nan:se(s.nan)};if(s.kind==="cyclic"&&e>=2&&Number.isInteger(e))return{kind:"cyclic",rgba:t,background:i};let o=s.labels??[],n=Array.isArray(o)&&o.every(r=>/^-?[0-9]+$/.test(r));return s.kind==="direct"&&n&&e===o.length+1?{kind:"direct",rgba:t,labels:o,background:i}:null}function se(s){return Array.isArray(s)&&s.length===4&&s.every(t=>t>=0&&t<=255)?s:null}function ot(s){return typeof s=="string"?s:""}function Y(s){return Array.isArray(s)&&s.length===2&&s.every(Number.isFinite)}var ys=100,Es=1024,Ts=[1,0,0,0,1,0],ne=class{#t;#i;#e;#n;#s;#h;#f=null;#a="";#c=null;#d=null;#l=null;#g="";#w=()=>{};#v=!0;#x=!1;#A=!1;#S=0;#o=0;#u={name:"",colors:null};#m=()=>this.#r();constructor(t,e,i,o,n,r=()=>{}){this.#t=e,this.#i=i,this.#e=o,this.#n=n,this.#s=r,this.#h=t.appendChild(document.createElement("i")),this.#h.hidden=!0,document.addEventListener("visibilitychange",this.#m)}take(t){let e=Ms(t.picture),i=this.#f;this.#f=e,this.#a=typeof t.layer=="string"?t.layer:"",(e?.topic!==i?.topic||e?.index!==i?.index)&&(this.#c=null,this.#l=null),!!e!=!!i&&this.#e(e!==null),this.#_(),this.#p()}moved(t){let e=this.#d,{camera:i,viewport:o}=t;this.#d={...t,camera:{...i},viewport:{...o},size:{...t.size}},e&&i.x===e.camera.x&&i.y===e.camera.y&&i.scale===e.camera.scale&&o.width===e.viewport.width&&o.height===e.viewport.height||this.#_()}restyle(){this.#p()}setShown(t){this.#v=t,this.#_(),this.#p()}setPaused(t){this.#A=t,this.#_()}destroy(){clearTimeout(this.#S),document.removeEventListener("visibilitychange",this.#m),this.#w(),this.#h.remove()}#_(){this.#S===0&&(this.#S=setTimeout(()=>{this.#S=0,this.#r()},Math.max(this.#o+ys-performance.now(),0)))}#r(){let t=this.#I();t===this.#g||this.#A&&t!==""||(this.#o=performance.now(),this.#w(),this.#g=t,t===""?(this.#w=()=>{},this.#h.removeAttribute("data-topic")):(this.#h.dataset.topic=t,this.#w=this.#i(t,e=>{this.#A||!e.data||(this.#c=e,this.#_(),this.#p())})),j())}#I(){let t=this.#f;if(!t||!this.#v||!t.visible||document.hidden||!this.#d)return"";let e=t.index.split(","),i=this.#c?.shape?.length===e.length?this.#c.shape:t.shape,[o,n]=[i[e.indexOf("y")],i[e.indexOf("x")]];if(!(o>0&&n>0))return"";let{camera:r,viewport:l,size:a,most:h}=this.#d,c=gi(this.#c);return c?this.#l=ai({camera:r,viewport:l,ratio:a.width/l.width,place:c,shape:[o,n],most:h,present:this.#l})??{row:0,col:0,rows:o,cols:n,step:D(Math.max(o,n)/64)}:this.#l={row:0,col:0,rows:o,cols:n,step:D(Math.max(o,n)/Es)},st(t.topic,e,this.#l,t.kind==="labels",t.limits!==null&&U(...t.limits))}#p(){let{kind:t,colormap:e,limits:i,gamma:o,opacity:n,visible:r}=this.#f??{},l=this.#c,a=gi(l);if(!a||!r||!this.#v||l.rows===0||l.cols===0){this.#x&&(this.#t.setImages([]),this.#s([])),this.#x=!1;return}this.#x=!0;let h=this.#n(this.#a,l),c=h&&Et(l,{affine:Ts,index:this.#f.index});if(c){this.#t.setImages([{key:"under",frame:l,place:c,look:h}]),this.#s([{frame:l,limits:h.kind==="scalar"?[h.low,h.high]:null}]);return}let u=W(e)??"gray";this.#u.name!==u&&(this.#u={name:u,colors:ct(u)});let m=this.#f.index.split(","),d=Array.isArray(l.shape)?[l.shape[m.indexOf("y")],l.shape[m.indexOf("x")]]:[1/0,1/0],f=l.samples>=3,[p,g]=f||!i?it(l):i;this.#t.setImages([{key:"under",frame:l,place:fi(l,a,d),look:{kind:t==="labels"?"labels":f?"color":"scalar",low:p,high:g,gamma:f?1:o,table:this.#u.colors,opacity:n,additive:!1,ground:!0}}]),this.#s([{frame:l,limits:f||t==="labels"?null:[p,g]}])}};function gi(s){let{offset:t,pixel:e}=s??{};return!re(t)||!re(e)||!(e[0]>0&&e[1]>0)?null:{x:t[1],y:t[0],width:e[1],height:e[0]}}function Ms(s){if(typeof s?.topic!="string"||!/^([0-9]+,)*y,x(,c)?$/.test(s.index))return null;let{shape:t,limits:e,gamma:i,opacity:o}=s;return!Array.isArray(t)||t.length!==s.index.split(",").length||!t.every(n=>Number.isSafeInteger(n)&&n>=0)?null:{topic:s.topic,index:s.index,shape:t,kind:s.kind==="labels"?"labels":"image",colormap:s.colormap,limits:re(e)&&e[1]>e[0]?e:null,gamma:i>0&&i<1/0?i:1,opacity:o>=0&&o<=1?o:1,visible:s.visible!==!1}}function re(s){return Array.isArray(s)&&s.length===2&&s.every(Number.isFinite)}function Wo(s,t={}){let e=s.querySelector("[data-viewer-canvas]"),i=s.querySelector("[data-viewer-overlay]");if(!e||!i)throw new Error("create viewer: the root element lacks its two canvases, data-viewer-canvas and data-viewer-overlay");As(s,e,i);let o=new AbortController,{signal:n}=o,r=new lt(s,e),l=(f,p)=>{t.onAction?.(f,p),s.dispatchEvent(new CustomEvent(`viewer:${f}`,{bubbles:!0,detail:p}))},a=!1,h=new yt({canvas:e,overlay:i},r,{theme:s,reducedMotion:t.reducedMotion??matchMedia("(prefers-reduced-motion: reduce)").matches,onPaint:t.onPaint,onFrame:t.onFrame,onPictures:t.onPictures,onMode:f=>{f==="follow"!==a&&(a=f==="follow",r.follow(a),l("follow",{follow:a}))}});r.follow(!1);let c={fit:()=>h.fit(),follow:()=>h.setFollow(!h.following),"zoom-in":()=>h.zoomBy(_t),"zoom-out":()=>h.zoomBy(1/_t),png:()=>h.toPNG().then(f=>l("png",{blob:f}),f=>r.say(f.message))};r.scope.addEventListener("click",f=>{let p=f.target instanceof Element&&f.target.closest("[data-viewer-action]");p&&c[p.dataset.viewerAction]?.()},{signal:n}),xe(e,{pan:(f,p)=>h.pan(f,p),pinch:(f,p)=>h.pinch(f,p),zoomAt:(f,p,g)=>h.zoomAt(f,p,g),zoomTo:(f,p,g)=>h.zoomTo(f,p,g),zoomBy:f=>h.zoomBy(f),step:(f,p)=>h.step(f,p),fit:c.fit,follow:c.follow,grid:()=>l("grid",{}),point:(f,p)=>h.point(f,p),leave:()=>h.point(null,null),draws:t.draws,draw:t.draw,presses:t.presses},n),e.addEventListener("webglcontextlost",f=>{f.preventDefault(),h.contextLost()},{signal:n}),e.addEventListener("webglcontextrestored",()=>h.contextRestored(),{signal:n}),s.addEventListener("redraw",()=>h.redraw(),{signal:n});let u=()=>h.themeChanged();s.ownerDocument.addEventListener("themechange",u,{signal:n}),matchMedia("(prefers-color-scheme: dark)").addEventListener("change",u,{signal:n});let m=_s(e,(f,p)=>h.resize(f,p,Ss(s))),d={update:f=>h.update(f),setImages:f=>h.setImages(f),setPoints:f=>h.setPoints(f),setScene:f=>h.setScene(f),flush:()=>h.flush(),setLayered:f=>h.setLayered(f),setCamera:f=>h.setCamera(f),setTiles:f=>h.setTiles(f),setShade:f=>h.setShade(f),setMarks:f=>h.setMarks(f),zoomBy:f=>h.zoomBy(f),toData:(f,p)=>h.toData(f,p),setPaused:f=>h.setPaused(f),setStale:f=>h.setStale(f),setFollow:f=>h.setFollow(f),fit:()=>h.fit(),readPixels:(f,p,g,x)=>h.readPixels(f,p,g,x),toPNG:()=>h.toPNG(),toScreen:(f,p)=>h.toScreen(f,p),stats:()=>h.stats(),destroy(){o.abort(),m.disconnect(),h.destroy(),delete s.viewer}};return s.viewer=d,d}function As(s,t,e){getComputedStyle(s).position==="static"&&(s.style.position="relative");for(let i of[t,e])Object.assign(i.style,{position:"absolute",inset:"0",width:"100%",height:"100%",display:"block"});t.style.touchAction="none",e.style.pointerEvents="none"}function Ss(s){let t=getComputedStyle(s),e=i=>parseFloat(t[`padding${i}`])||0;return{top:e("Top"),right:e("Right"),bottom:e("Bottom"),left:e("Left")}}function _s(s,t){let e=new ResizeObserver(i=>{let o=i[i.length-1],n={width:o.contentRect.width,height:o.contentRect.height},r=o.devicePixelContentBoxSize?.[0];t(n,r?{width:r.inlineSize,height:r.blockSize}:{width:n.width*devicePixelRatio,height:n.height*devicePixelRatio})});try{e.observe(s,{box:"device-pixel-content-box"})}catch{e.observe(s)}return e}export{_i as a,Ds as b,W as c,ct as d,et as e,Oi as f,Gs as g,Ws as h,Ui as i,it as j,ai as k,st as l,fi as m,oe as n,ne as o,Wo as p};
