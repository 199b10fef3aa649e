import{a}from"./chunk-5PUENPBC.js";import"./chunk-ZUJD2WRZ.js";import"./chunk-OUPPNDJS.js";export{a as plot};
