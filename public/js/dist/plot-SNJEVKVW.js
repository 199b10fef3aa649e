import{a}from"./chunk-WXTQN7MV.js";import"./chunk-VOWFMFRJ.js";import"./chunk-ZUJD2WRZ.js";import"./chunk-NRBINWNP.js";export{a as plot};
